/**
 * The hashes of the audit log: each entry's covers its own content and the hash of the entry before it, so that whoever
 * holds a later hash can tell whether an earlier entry was altered, removed, added or moved.
 *
 * In: entries of one team. Out: hashes, and where a chain breaks. The hash is SHA-256, as lower-case hex, over the
 * UTF-8 of the previous hash (`chainStart` before the first entry), a line feed, and the entry without its hash as canonical
 * JSON (RFC 8785): names in the order of their UTF-16 code units, numbers as ECMAScript writes them, absent fields left out.
 * What it cannot tell: that the newest entries were cut off, for which a hash has to be kept elsewhere.
 */
import { createHash } from "node:crypto";
import type { AuditEntry, AuditEvent } from "../audit.ts";

/** What stands for the hash before the first entry. */
export const chainStart = "0".repeat(64);

export function chainHash(previousHash: string, event: AuditEvent, seq: number): string {
  const { teamId, action, userId, credentialId, sourceIp, subjectId, details, atMs } = event;
  // By name and not `...event`: an entry's own hash is no part of it.
  const content = { teamId, action, userId, credentialId, sourceIp, subjectId, details, atMs, seq };
  const text = `${previousHash}\n${canonicalJson(content)}`;
  return createHash("sha256").update(text).digest("hex");
}

/** Where an entry is in its chain. */
export interface ChainLink {
  readonly seq: number;
  readonly hash: string;
}

export interface ChainBreak {
  /** Of the first entry that does not follow the one before it. */
  readonly seq: number;
  readonly reason: "gap" | "altered";
}

/**
 * Undefined: each entry follows the one before it, the first one `after`.
 *
 * @param entries Of one team, oldest first.
 */
export function verifyChain(
  entries: readonly AuditEntry[],
  after: ChainLink = { seq: 0, hash: chainStart },
): ChainBreak | undefined {
  let last = after;
  for (const entry of entries) {
    if (entry.seq !== last.seq + 1) return { seq: entry.seq, reason: "gap" };
    const hash = chainHash(last.hash, entry, entry.seq);
    if (hash !== entry.hash) return { seq: entry.seq, reason: "altered" };
    last = entry;
  }
  return undefined;
}

/** Written member by member: an object of JavaScript has names that are numbers first, whatever the order they came in. */
function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}
