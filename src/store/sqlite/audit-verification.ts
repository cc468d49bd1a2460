/**
 * Whether the audit log in a registry's file is the one that was written: each team's chain of hashes, from its start.
 *
 * In: the path of a sound file. Out: a sentence for each team whose chain breaks. Bounds: `findingsMax` sentences, one
 * entry in memory; reads the whole log in one snapshot, beside a live host, too.
 */
import { DatabaseSync } from "node:sqlite";
import { type ChainBreak, type ChainLink, verifyChain } from "../audit-chain.ts";
import { withProblems } from "./database.ts";
import { auditEntryOf, type Row } from "./registry-row.ts";

const findingsMax = 100;

/** @throws Problem `unavailable` — the file cannot be read. */
export function findAuditDamage(path: string): readonly string[] {
  return withProblems(`the audit log in ${path} cannot be checked`, () => {
    using db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    const findings: string[] = [];
    let [teamId, last]: [string, ChainLink | undefined] = ["", undefined];
    for (const row of db.prepare("SELECT * FROM audit ORDER BY team_id, seq").iterate()) {
      const isFirst = row.team_id !== teamId;
      // What follows a break says nothing more.
      if (!isFirst && !last) continue;
      teamId = String(row.team_id);
      const found = breakAt(row, isFirst ? undefined : last);
      last = found ? undefined : { seq: Number(row.seq), hash: String(row.hash) };
      if (found && findings.push(sentence(teamId, found)) >= findingsMax) break;
    }
    return findings;
  });
}

function breakAt(row: Row, last: ChainLink | undefined): ChainBreak | undefined {
  try {
    return verifyChain([auditEntryOf(row)], last);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return { seq: Number(row.seq), reason: "altered" };
  }
}

function sentence(teamId: string, { seq, reason }: ChainBreak): string {
  return reason === "gap"
    ? `the audit log of team ${teamId} lacks what came before its entry ${seq}`
    : `entry ${seq} of the audit log of team ${teamId}, or the one before it, was altered`;
}
