/** One store's file, checked: what `check` prints, `backup` demands of its copy and `repair` acts upon. */
import { statSync } from "node:fs";
import { findDamage } from "../store/sqlite/integrity.ts";
import type { SchemaName } from "../store/sqlite/migrate.ts";

export interface StoreCheck {
  readonly path: string;
  readonly bytes: number;
  /** Whole sentences; none of a sound file. */
  readonly findings: readonly string[];
  /** How many the call log holds; absent where it cannot be told, and for the registry. */
  readonly calls?: number;
}

/** @throws Problem `unavailable` — no such file, no permission, a newer schema, another program's file. */
export async function checkStore(schema: SchemaName, path: string): Promise<StoreCheck> {
  const findings = findDamage(path, schema);
  return { path, bytes: statSync(path).size, findings };
}

/** `61.2 MB`. */
export function sizeText(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/** `1,000 calls`. */
export function amountText(amount: number, noun: string): string {
  return `${amount.toLocaleString("en-US")} ${noun}${amount === 1 ? "" : "s"}`;
}
