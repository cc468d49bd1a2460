/**
 * Writes failed sign-ins to the audit log, apart from the answers: a write that only known addresses cause would show in
 * how long their answers take.
 *
 * In: attempts. Out: an audit entry in the team that the user would have come into, within a second; for an unknown address a
 * line of the log. Bounds: 1,000 wait; those beyond are counted in the log.
 */
import type { Clock } from "../clock.ts";
import type { Registry } from "../store/registry.ts";
import type { Log } from "../telemetry.ts";
import { homeTeam } from "./home-team.ts";

const waitingMax = 1_000;
const delayMs = 1_000;

interface Failure {
  /** Undefined: nobody has that address. */
  readonly userId: string | undefined;
  readonly sourceIp: string;
  readonly proof: "password" | "oidc";
  readonly atMs: number;
}

export class FailedSignIns implements AsyncDisposable {
  readonly #registry: Pick<Registry, "teamsOf" | "sessions" | "addAudit">;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #delayMs: number;
  #waiting: Failure[] = [];
  #omitted = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    registry: Pick<Registry, "teamsOf" | "sessions" | "addAudit">,
    clock: Clock,
    log: Log,
    delay = delayMs,
  ) {
    this.#registry = registry;
    this.#clock = clock;
    this.#log = log;
    this.#delayMs = delay;
  }

  note(userId: string | undefined, sourceIp: string, proof: Failure["proof"]): void {
    if (this.#waiting.length >= waitingMax) this.#omitted += 1;
    else this.#waiting.push({ userId, sourceIp, proof, atMs: this.#clock.nowMs() });
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#writing.then(() => this.#write());
    }, this.#delayMs).unref();
  }

  /** What waits is still written. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.#writing;
    await this.#write();
  }

  async #write(): Promise<void> {
    const [failures, omitted] = [this.#waiting, this.#omitted];
    [this.#waiting, this.#omitted] = [[], 0];
    if (omitted > 0) this.#log.warn({ omitted }, "more sign-ins failed than were recorded");
    for (const failure of failures) {
      try {
        await this.#record(failure);
      } catch (error) {
        this.#log.warn({ err: error }, "a failed sign-in could not be recorded");
      }
      // Each is a write to disk; exchanges run in the same thread.
      await new Promise(setImmediate);
    }
  }

  async #record({ userId, sourceIp, proof, atMs }: Failure): Promise<void> {
    const teamId = userId === undefined ? undefined : await homeTeam(this.#registry, userId);
    if (userId === undefined || teamId === undefined) {
      this.#log.info({ sourceIp }, "a sign-in failed, nobody has that address");
      return;
    }
    const what = { action: "user.sign_in_failed", details: { proof } } as const;
    await this.#registry.addAudit({ ...what, teamId, sourceIp, subjectId: userId, atMs });
  }
}
