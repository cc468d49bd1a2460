/**
 * What a backup looks like on disk, for the command that writes one and the one that reads it.
 *
 *     registry.db  calls.db  spill/…  backup.json
 *
 * `backup.json` is written last and names every other file with its size and SHA-256.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Problem } from "../problem.ts";

export const registryName = "registry.db";
export const callsName = "calls.db";
/** Also its name in the data directory. */
export const spillName = "spill";
export const manifestName = "backup.json";

export interface BackupFile {
  /** Below the folder, with slashes. */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface Manifest {
  readonly format: 1;
  /** ISO 8601. */
  readonly made_at: string;
  /** Of the program that made it. */
  readonly version: string;
  /** In the call log; null when there was none to back up. */
  readonly calls: number | null;
  readonly files: readonly BackupFile[];
}

/** Nothing outside the folder can be named by it. */
const manifestForm = z.strictObject({
  format: z.literal(1),
  made_at: z.iso.datetime(),
  version: z.string().max(100),
  calls: z.int().min(0).nullable(),
  files: z
    .array(
      z.strictObject({
        path: z
          .string()
          .regex(/^(?:registry\.db|calls\.db|spill\/[0-9A-Za-z_-][0-9A-Za-z._-]{0,200})$/),
        bytes: z.int().min(0),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .max(100_000),
});

/** @throws Problem `unavailable` — there is no whole backup in the folder, or a newer program made it. */
export function readManifest(folder: string): Manifest {
  const path = join(folder, manifestName);
  if (!existsSync(path)) throw new Problem("unavailable", `there is no backup in ${folder}`);
  try {
    return manifestForm.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    const message = `${path} is not a list of files that this program can read`;
    throw new Problem("unavailable", message, { cause });
  }
}

/** Size and digest of a file, which is copied meanwhile if `to` is given: synced, for its owner alone. */
export async function readWhole(
  from: string,
  to?: string,
): Promise<Pick<BackupFile, "bytes" | "sha256">> {
  await using target = to === undefined ? undefined : await open(to, "wx", 0o600);
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(from, { highWaterMark: chunkBytes })) {
    const read = chunk as Buffer;
    hash.update(read);
    bytes += read.length;
    await target?.appendFile(read);
  }
  await target?.sync();
  return { bytes, sha256: hash.digest("hex") };
}

const chunkBytes = 1_048_576;
