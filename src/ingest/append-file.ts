/**
 * One file while it is written: appends in order, syncs that many appends share.
 *
 * Guarantees: an append resolves once it survives the death of the machine, and is in the file, safe from the
 * death of the process, well before; appends do not wait for the syncs of earlier ones. After the first failure everything that
 * was not durable rejects and nothing more is taken: what a failed fsync has left of the pages nobody knows.
 */
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";

export class AppendFile {
  readonly path: string;
  readonly #handle: Promise<FileHandle>;
  #writes: Promise<unknown>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #takenBytes = 0;
  #durableBytes = 0;
  #durableCalls = 0;
  #open = 0;
  #failed = false;
  #named = false;

  constructor(path: string) {
    this.path = path;
    // For its owner alone, like the log itself.
    this.#handle = open(path, "wx", 0o600);
    this.#writes = this.#handle;
    // Told by the appends, each of which rejects.
    this.#writes.catch(() => undefined);
  }

  /** Of all appends. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  get durableBytes(): number {
    return this.#durableBytes;
  }

  get durableCalls(): number {
    return this.#durableCalls;
  }

  /** True while no append is under way. */
  get settled(): boolean {
    return this.#open === 0;
  }

  async append(records: Uint8Array, calls: number): Promise<void> {
    this.#open += 1;
    this.#takenBytes += records.length;
    try {
      const written = this.#writes.then(async () => (await this.#handle).appendFile(records));
      this.#writes = written;
      await written;
      await this.#sync();
      this.#durableBytes += records.length;
      this.#durableCalls += calls;
    } catch (cause) {
      this.#failed = true;
      throw cause;
    } finally {
      this.#open -= 1;
    }
  }

  /** Cuts off what is not durable: it is kept elsewhere. To be called once settled. */
  async close(): Promise<void> {
    const handle = await this.#handle.catch(() => undefined);
    if (!handle) return;
    try {
      if (this.#failed) await handle.truncate(this.#durableBytes);
    } finally {
      await handle.close();
    }
  }

  /** A sync that runs already may have begun before the write. */
  #sync(): Promise<void> {
    this.#next ??= (this.#running ?? Promise.resolve()).then(async () => {
      this.#next = undefined;
      this.#running = this.#syncNow();
      return this.#running;
    });
    return this.#next;
  }

  /** The folder, too: a file without a name is lost in a power cut. */
  async #syncNow(): Promise<void> {
    await (await this.#handle).datasync();
    if (this.#named) return;
    const folder = await open(dirname(this.path), "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    this.#named = true;
  }
}
