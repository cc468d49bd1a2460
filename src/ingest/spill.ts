/**
 * Calls on disk that the store could not take yet: a folder of files, oldest first, each written once, read
 * once and deleted (spill-records.ts).
 *
 * In: calls, from ingest. Out: files, when the store is well again; also those that an earlier process left.
 * Guarantees: `put` resolves when its calls survive the death of the machine; a file that failed is never
 * written again. Bounds: `maxBytes` in all, `fileMaxBytes` and one batch a file, a share of the disk that stays free.
 */
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { withoutBodies } from "../call.ts";
import { type Clock, systemClock } from "../clock.ts";
import { free } from "../free.ts";
import { Problem } from "../problem.ts";
import type { Log } from "../telemetry.ts";
import { AppendFile } from "./append-file.ts";
import { encodeRecords, toPacked } from "./spill-records.ts";
import { SpillRoom } from "./spill-room.ts";
import type { Packed, Waiting } from "./waiting.ts";

export interface SpillOptions {
  readonly folder: string;
  /** A UUIDv7 of this process: tells its files from those of earlier ones. */
  readonly life: string;
  readonly maxBytes: number;
  /** 16 MiB: a file is read whole. */
  readonly fileMaxBytes?: number;
  /** Of the disk. A tenth. */
  readonly freeShareMin?: number;
  readonly log: Log;
  readonly clock?: Clock;
}

/** A file of the spill. */
export interface SpillFile {
  readonly path: string;
  /** `inherited`: a recorder of this process that died has left it. */
  readonly origin: "here" | "inherited" | "earlier_process";
  /** When its first call came, or when it was found; monotonic. */
  readonly sinceMs: number;
  /** How many calls are to be read, of a file that was written here. */
  readonly calls: number;
  readonly bytes: number;
}

export interface Put {
  readonly file: SpillFile;
  /** Rejects when the file failed: none of the calls is here, and the next attempt goes to another file. */
  readonly durable: Promise<void>;
}

type OwnFile = { -readonly [Key in keyof SpillFile]: SpillFile[Key] } & {
  writing?: AppendFile;
  /** Nobody wants it any more: deleted as soon as nothing writes to it. */
  unwanted?: true;
};

const fileName = /^([0-9a-f-]{36})-(\d{8})\.calls$/;
/** After two failures in a row: files of a disk that fails are not made by the dozen. */
const failureRestMs = 1_000;
/** Its ids alone take half of it. */
const rowBytesMin = 256;
/** Where there was no room there will not be any in the next millisecond. */
const refusalRestMs = 200;

export class Spill implements AsyncDisposable {
  readonly #options: Required<SpillOptions>;
  readonly #room: SpillRoom;
  readonly #files: OwnFile[];
  /** The file that takes more. */
  #accepting: OwnFile | undefined;
  #sequence: number;
  readonly #undeleted = new Map<string, number>();
  readonly #closings = new Set<Promise<void>>();
  #failuresInARow = 0;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #refused = false;
  #refusedAtMs = Number.NEGATIVE_INFINITY;

  /** @throws Problem `unavailable` — the folder can be neither made nor read. */
  constructor(options: SpillOptions) {
    const limits = { fileMaxBytes: 16_777_216, freeShareMin: 0.1, clock: systemClock };
    this.#options = { ...limits, ...options };
    const { folder, clock, life } = this.#options;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      this.#room = new SpillRoom(folder, this.#options, clock);
      this.#files = findFiles(folder, life, clock.monotonicMs());
    } catch (cause) {
      const message = `the folder ${folder} for calls that wait for the store cannot be used`;
      throw new Problem("unavailable", message, { cause });
    }
    const last = this.#files.at(-1)?.path ?? "";
    this.#sequence = Number(fileName.exec(last.slice(folder.length + 1))?.[2] ?? 0);
  }

  get files(): number {
    return this.#files.length + this.#undeleted.size;
  }

  get bytes(): number {
    const sizes = this.#files.map(({ writing, bytes }) => writing?.takenBytes ?? bytes);
    return [...sizes, ...this.#undeleted.values()].reduce((sum, size) => sum + size, 0);
  }

  /** When the oldest call came that is here; undefined when there is none. */
  get oldestMs(): number | undefined {
    return this.#files[0]?.sinceMs;
  }

  /** Whether it took what it was offered last; that was at most a second ago when somebody asks because memory is half full. */
  get takes(): boolean {
    return !this.#refused;
  }

  /** True while there is a file of a recorder that died in this process. */
  get hasInherited(): boolean {
    return this.#files.some(({ origin }) => origin === "inherited");
  }

  /**
   * Writes the calls to the youngest file, or `apart`, to one of their own. Undefined: there is no room, or
   * the disk has just failed twice.
   */
  put(waiting: readonly Waiting[], apart = false): Put | undefined {
    const now = this.#options.clock.monotonicMs();
    const restMs = this.#failuresInARow > 1 ? failureRestMs : 0;
    if (now - this.#failedAtMs < restMs || now - this.#refusedAtMs < refusalRestMs)
      return undefined;
    const records = this.#encode(waiting);
    this.#refused = records === undefined;
    if (!records) {
      this.#refusedAtMs = now;
      return undefined;
    }
    if (apart || !this.#fits(records.length)) this.#seal();
    const file = this.#accepting ?? this.#begin(waiting[0]?.sinceMs ?? now);
    if (apart) this.#accepting = undefined;
    this.#room.written(records.length);
    return { file, durable: this.#append(file, records, waiting.length) };
  }

  /** The oldest file, once it can be read; it takes no more then. */
  oldest(): SpillFile | undefined {
    const first = this.#files[0];
    if (first && first === this.#accepting) this.#seal();
    return this.#files[0]?.writing ? undefined : this.#files[0];
  }

  /** All of it, in memory of its own; less where something has cut it off. */
  async read({ path, bytes }: SpillFile): Promise<Buffer> {
    const file = await open(path, "r");
    try {
      const buffer = Buffer.allocUnsafeSlow(bytes);
      let length = 0;
      for (let more = bytes; more > 0 && length < bytes; length += more)
        more = (await file.read(buffer, length, bytes - length, length)).bytesRead;
      return buffer.subarray(0, length);
    } finally {
      await file.close();
    }
  }

  /** Its turn comes again after all others. */
  postpone(file: SpillFile): void {
    const at = this.#files.indexOf(file as OwnFile);
    if (at >= 0) this.#files.push(...this.#files.splice(at, 1));
  }

  /** Deletes it. What cannot be deleted counts as room taken, and is tried again with the next one. */
  async remove(file: SpillFile): Promise<void> {
    this.#forget(file);
    const own = file as OwnFile;
    if (own.writing) {
      own.unwanted = true;
      return;
    }
    this.#undeleted.set(file.path, file.bytes);
    for (const path of [...this.#undeleted.keys()]) {
      try {
        await rm(path, { force: true });
        this.#undeleted.delete(path);
      } catch (cause) {
        const { log } = this.#options;
        log.warn({ err: cause, path }, "a file of calls that are stored could not be deleted yet");
      }
    }
  }

  #forget(file: SpillFile): void {
    const at = this.#files.indexOf(file as OwnFile);
    if (at >= 0) this.#files.splice(at, 1);
    if (file === this.#accepting) this.#seal();
  }

  /** Leaves its files to the next process. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#seal();
    await Promise.all(this.#closings);
  }

  #encode(waiting: readonly Waiting[]): Buffer | undefined {
    const used = this.bytes;
    // Not even without bodies: spares the encoding.
    if (this.#room.admit(waiting.length * rowBytesMin, used) === "none") return undefined;
    // What they weigh in memory is more than what they take as records.
    const weight = waiting.reduce((sum, { bytes }) => sum + bytes, 0);
    const whole = this.#room.admit(weight, used) === "whole";
    const bytes = encodeRecords(
      waiting.map((one) => (whole ? packed(one) : toPacked(withoutBodies(one.call), true))),
    );
    return this.#room.admit(bytes.length, used) === "none" ? undefined : bytes;
  }

  #fits(bytes: number): boolean {
    const writing = this.#accepting?.writing;
    if (!writing) return false;
    return writing.takenBytes === 0 || writing.takenBytes + bytes <= this.#options.fileMaxBytes;
  }

  #begin(sinceMs: number): OwnFile {
    this.#sequence += 1;
    const name = `${this.#options.life}-${String(this.#sequence).padStart(8, "0")}.calls`;
    const path = join(this.#options.folder, name);
    const writing = new AppendFile(path);
    const file: OwnFile = { path, origin: "here", sinceMs, calls: 0, bytes: 0, writing };
    this.#files.push(file);
    this.#accepting = file;
    return file;
  }

  async #append(file: OwnFile, records: Buffer, calls: number): Promise<void> {
    try {
      await file.writing?.append(records, calls);
      this.#failuresInARow = 0;
    } catch (cause) {
      this.#failuresInARow += 1;
      this.#refused = true;
      this.#failedAtMs = this.#options.clock.monotonicMs();
      if (file === this.#accepting) this.#accepting = undefined;
      throw cause;
    } finally {
      free(records);
      if (file !== this.#accepting) this.#finish(file);
    }
  }

  #seal(): void {
    const file = this.#accepting;
    this.#accepting = undefined;
    if (file) this.#finish(file);
  }

  /** From a file that is written to one that can be read, unless appends are under way. */
  #finish(file: OwnFile): void {
    const { writing } = file;
    if (!writing?.settled) return;
    file.calls = writing.durableCalls;
    file.bytes = writing.durableBytes;
    delete file.writing;
    if (file.calls === 0) file.unwanted = true;
    if (file.unwanted) this.#forget(file);
    const closing = this.#close(file, writing).finally(() => this.#closings.delete(closing));
    this.#closings.add(closing);
  }

  async #close(file: OwnFile, writing: AppendFile): Promise<void> {
    try {
      await writing.close();
    } catch (cause) {
      this.#options.log.warn({ err: cause, path: file.path }, "a spill file could not be closed");
    }
    if (file.unwanted) await this.remove(file);
  }
}

function packed(waiting: Waiting): Packed {
  const { parcel, place = 0, shed } = waiting;
  return parcel ? { payload: parcel.packed(place), shed } : toPacked(waiting.call, shed);
}

/** In order of writing: lives are ordered by time, sequences count up. */
function findFiles(folder: string, life: string, nowMs: number): OwnFile[] {
  const names = readdirSync(folder).filter((name) => fileName.test(name));
  return names.sort().map((name) => {
    const path = join(folder, name);
    const origin = name.startsWith(life) ? "inherited" : "earlier_process";
    return { path, origin, sinceMs: nowMs, calls: 0, bytes: statSync(path).size };
  });
}
