/**
 * A disk that can be hurt: an image file behind nbdkit, shown as a file by nbdfuse, as a device by losetup, with ext4
 * on it. Its mount point stays the same over all its lives.
 *
 * Guarantees: everything is unmounted, detached and ended with this process.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../test/e2e/until.ts";
import { leaveNothing } from "./leftovers.ts";
import { attempt, command, lacks } from "./machine.ts";

export type DiskKind =
  /** Keeps writes in a volatile cache until it is told to flush, and loses them all when power is cut. */
  | "volatile-cache"
  /** Refuses writes while told to. */
  | "failing";

const sizeMiB = 512;
const attachMaxMs = 10_000;
export const diskPrograms = ["nbdkit", "nbdfuse", "losetup", "mkfs.ext4", "mount", "umount"];

/** Why there can be no such disk here, if so. */
export function lacksDisks(): string | undefined {
  return (
    lacks(diskPrograms) ?? (existsSync("/dev/fuse") ? undefined : "/dev/fuse, which is not here")
  );
}

export class VirtualDisk implements AsyncDisposable {
  readonly mountPoint: string;
  readonly #kind: DiskKind;
  readonly #image: string;
  readonly #trigger: string;
  readonly #folder: string;
  readonly #gone: () => void;
  #life:
    | {
        readonly server: ChildProcess;
        readonly bridge: ChildProcess;
        readonly device: string;
        readonly fuse: string;
      }
    | undefined;
  #lives = 0;

  private constructor(folder: string, kind: DiskKind) {
    this.#folder = folder;
    this.#kind = kind;
    this.#image = join(folder, "disk.img");
    this.#trigger = join(folder, "fails");
    this.mountPoint = join(folder, "mount");
    this.#gone = leaveNothing(() => this.#release());
  }

  static async make(folder: string, kind: DiskKind): Promise<VirtualDisk> {
    const disk = new VirtualDisk(folder, kind);
    mkdirSync(disk.mountPoint);
    writeFileSync(disk.#image, "");
    await truncate(disk.#image, sizeMiB * 1_048_576);
    // Without a journal ext4 goes on after an error of the device, as soon as the device does.
    const features = kind === "failing" ? ["-O", "^has_journal", "-e", "continue"] : [];
    command("mkfs.ext4", "-q", ...features, disk.#image);
    await disk.attach();
    return disk;
  }

  /** Power is there (again). */
  async attach(): Promise<void> {
    this.#lives += 1;
    const socket = join(this.#folder, `nbd-${this.#lives}.sock`);
    const fuse = join(this.#folder, `fuse-${this.#lives}`);
    mkdirSync(fuse);
    const filter =
      this.#kind === "volatile-cache"
        ? ["--filter=cache", "file", this.#image, "cache=writeback"]
        : [
            "--filter=error",
            "file",
            this.#image,
            "error-pwrite=EIO",
            "error-pwrite-rate=100%",
            `error-file=${this.#trigger}`,
          ];
    const server = spawn("nbdkit", ["-f", "-U", socket, ...filter], { stdio: "ignore" });
    await until("nbdkit", attachMaxMs, () => existsSync(socket), Boolean);
    const bridge = spawn("nbdfuse", [`${fuse}/`, "--unix", socket], { stdio: "ignore" });
    const file = join(fuse, "nbd");
    const bytes = () => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    await until("nbdfuse", attachMaxMs, bytes, (size) => size > 0);
    const device = command("losetup", "--find", "--show", file);
    this.#life = { server, bridge, device, fuse };
    command("mount", device, this.mountPoint);
  }

  /** Power is gone: nothing reaches the medium any more, and what was not flushed never has. */
  cut(): void {
    this.#life?.server.kill("SIGKILL");
  }

  /** Whether each write to the device fails from now on. */
  setFailing(failing: boolean): void {
    if (failing) writeFileSync(this.#trigger, "");
    else rmSync(this.#trigger, { force: true });
  }

  /** The kernel forgets the disk and all that it had not written; nobody may have a file on it open. */
  async detach(): Promise<void> {
    const life = this.#life;
    if (!life) return;
    const ended = [life.server, life.bridge].map((child) =>
      child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined,
    );
    this.#release();
    await Promise.all(ended);
    await until(
      "the device to be free",
      attachMaxMs,
      () => command("losetup", "--all"),
      (all) => !all.includes(`${life.device}:`),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.setFailing(false);
    await this.detach();
    this.#gone();
  }

  #release(): void {
    const life = this.#life;
    if (!life) return;
    this.#life = undefined;
    attempt("umount", "--lazy", this.mountPoint);
    attempt("losetup", "--detach", life.device);
    attempt("umount", "--lazy", life.fuse);
    life.bridge.kill("SIGKILL");
    life.server.kill("SIGKILL");
  }
}
