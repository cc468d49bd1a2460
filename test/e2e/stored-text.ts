/**
 * Everything that a data directory holds, as text that can be searched: the bytes of its files, and each value of its
 * databases, with what is compressed in it unpacked.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { zstdDecompressSync } from "node:zlib";

export async function storedText(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  const texts = paths.map(async (path) => (await readFile(path)).toString("latin1"));
  const databases = paths.filter((path) => path.endsWith(".db")).map(unpacked);
  return [...(await Promise.all(texts)), ...databases].join("\n");
}

function unpacked(path: string): string {
  using database = new DatabaseSync(path, { readOnly: true });
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const rows = tables.flatMap(({ name }) => database.prepare(`SELECT * FROM "${name}"`).all());
  return rows.flatMap((row) => Object.values(row).flatMap(readable)).join("\n");
}

function readable(value: unknown): readonly string[] {
  if (!(value instanceof Uint8Array)) return [String(value)];
  const bytes = Buffer.from(value);
  const texts = [bytes.toString("latin1")];
  for (let at = bytes.indexOf(zstdMagic); at !== -1; at = bytes.indexOf(zstdMagic, at + 1)) {
    texts.push(decompressed(bytes.subarray(at)));
  }
  return texts;
}

/** Four bytes may look like the beginning of a frame by chance. */
function decompressed(frame: Buffer): string {
  try {
    return zstdDecompressSync(frame).toString();
  } catch {
    return "";
  }
}

const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
