/** One store's file, checked: what `check` prints, `backup` demands of its copy and `repair` acts upon. */
import { statSync } from "node:fs";
import { findAuditDamage } from "../store/sqlite/audit-verification.ts";
import { SqliteCallLog } from "../store/sqlite/call-log.ts";
import { findFileDamage } from "../store/sqlite/integrity.ts";
import type { SchemaName } from "../store/sqlite/migrate.ts";
import { countStoredCalls } from "../store/sqlite/stored-calls.ts";

export interface StoreCheck {
  readonly path: string;
  readonly bytes: number;
  /** Whole sentences; none of a sound file. */
  readonly findings: readonly string[];
  /** How many the call log holds; absent where it cannot be told, and for the registry. */
  readonly calls?: number;
}

/**
 * `pages`: that the file is whole as SQLite sees it. `contents`: that each call can be read, too, which takes a
 * minute or more for ten million of them, and that nobody altered the audit log.
 *
 * @throws Problem `unavailable` — no such file, no permission, a newer schema, another program's file.
 */
export async function checkStore(
  schema: SchemaName,
  path: string,
  depth: "pages" | "contents",
): Promise<StoreCheck> {
  const { size: bytes } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0 };
  const findings = findFileDamage(path, schema);
  if (findings.length > 0) return { path, bytes, findings };
  if (schema === "registry") {
    return { path, bytes, findings: depth === "pages" ? [] : findAuditDamage(path) };
  }
  const calls = countStoredCalls(path);
  if (depth === "pages") return { path, bytes, findings, calls };
  await using log = SqliteCallLog.open(path, { mode: "read" });
  return { path, bytes, findings: await log.verify(), calls };
}

/** `61.2 MB`. */
export function sizeText(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/** `1,000 calls`. */
export function amountText(amount: number, noun: string): string {
  return `${amount.toLocaleString("en-US")} ${noun}${amount === 1 ? "" : "s"}`;
}
