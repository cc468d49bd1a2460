/**
 * Notes when keys and sessions are used, apart from the requests that use them: each note is a write that the
 * registry syncs to disk.
 *
 * In: uses. Out: at most one write a minute for each key or session, within a second of the use or when the minute is over.
 * Guarantees: a use from an address that a key was not used from before is not forgotten, however many others follow it within the minute.
 * Bounds: 10,000 keys and sessions, those used least lately forgotten first; 8 addresses of a key.
 */
import type { ApiKey } from "../api-key.ts";
import type { AuditEvent } from "../audit.ts";
import type { Clock } from "../clock.ts";
import type { Session } from "../session.ts";
import type { Registry } from "../store/registry.ts";
import type { Log } from "../telemetry.ts";

const subjectsMax = 10_000;
const addressesMax = 8;

export interface UsesPace {
  /** Between two writes about the same key or session. */
  readonly intervalMs: number;
  /** How often it is looked for what is due. */
  readonly tickMs: number;
}

const usesPace: UsesPace = { intervalMs: 60_000, tickMs: 1_000 };

interface Subject {
  /** Monotonic; undefined before the first. */
  writtenAtMs: number | undefined;
  /** That a key was used from; the one used longest ago first. */
  readonly addresses: Set<string>;
  due: Use | undefined;
}

interface Use {
  /** From an address that the key was not used from before: no later use takes its place. */
  readonly isStrange: boolean;
  readonly write: () => Promise<unknown>;
}

export class Uses implements AsyncDisposable {
  readonly #registry: Pick<Registry, "noteKeyUse" | "changeSession">;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #pace: UsesPace;
  /** By id; the one used least lately first. */
  readonly #subjects = new Map<string, Subject>();
  readonly #due = new Set<Subject>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    registry: Pick<Registry, "noteKeyUse" | "changeSession">,
    clock: Clock,
    log: Log,
    pace = usesPace,
  ) {
    this.#registry = registry;
    this.#clock = clock;
    this.#log = log;
    this.#pace = pace;
  }

  noteKey(key: ApiKey, ip: string): void {
    const subject = this.#subject(key.id, key.lastUsedIp);
    if (!subject) return;
    const isStrange = !subject.addresses.has(ip);
    subject.addresses.delete(ip);
    subject.addresses.add(ip);
    if (subject.addresses.size > addressesMax) drop(subject.addresses);
    const atMs = this.#clock.nowMs();
    const trail = isStrange ? newAddress(key, ip, atMs) : undefined;
    const write = () => this.#registry.noteKeyUse(key.id, atMs, ip, trail);
    this.#note(subject, { isStrange, write });
  }

  noteSession({ id }: Session): void {
    const subject = this.#subject(id, undefined);
    if (!subject) return;
    const lastUsedAtMs = this.#clock.nowMs();
    const write = () => this.#registry.changeSession(id, { lastUsedAtMs });
    this.#note(subject, { isStrange: false, write });
  }

  /** What is due is still written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
    clearTimeout(this.#timer);
    await this.#write([...this.#due]);
  }

  /** Undefined when there is room for no more. */
  #subject(id: string, lastUsedIp: string | undefined): Subject | undefined {
    const known = this.#subjects.get(id);
    this.#subjects.delete(id);
    if (!known && this.#subjects.size >= subjectsMax) {
      const oldest = this.#subjects.entries().find(([, { due }]) => due === undefined);
      if (!oldest) return undefined;
      this.#subjects.delete(oldest[0]);
    }
    const addresses = new Set(lastUsedIp === undefined ? [] : [lastUsedIp]);
    const subject = known ?? { writtenAtMs: undefined, addresses, due: undefined };
    this.#subjects.set(id, subject);
    return subject;
  }

  #note(subject: Subject, use: Use): void {
    if (subject.due?.isStrange) return;
    subject.due = use;
    this.#due.add(subject);
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#writing.then(() => this.#writeDue());
    }, this.#pace.tickMs).unref();
  }

  async #writeDue(): Promise<void> {
    const now = this.#clock.monotonicMs();
    const isDue = ({ writtenAtMs = Number.NEGATIVE_INFINITY }: Subject) =>
      now - writtenAtMs >= this.#pace.intervalMs;
    await this.#write([...this.#due].filter(isDue));
    if (this.#due.size > 0) this.#schedule();
  }

  /** One after the other, with room for requests in between. */
  async #write(subjects: readonly Subject[]): Promise<void> {
    for (const subject of subjects) {
      const use = subject.due;
      subject.due = undefined;
      subject.writtenAtMs = this.#clock.monotonicMs();
      this.#due.delete(subject);
      try {
        await use?.write();
      } catch (error) {
        this.#log.warn({ err: error }, "the use of a credential could not be noted");
      }
      await new Promise(setImmediate);
    }
  }
}

function drop(addresses: Set<string>): void {
  for (const oldest of addresses) {
    addresses.delete(oldest);
    return;
  }
}

function newAddress(key: ApiKey, ip: string, atMs: number): AuditEvent {
  const { id, teamId, userId, name, lastUsedIp = null } = key;
  const details = { name, last_used_ip: lastUsedIp };
  const action = "key.used_from_new_address" as const;
  return {
    ...{ teamId, action, userId, credentialId: id, sourceIp: ip },
    ...{ subjectId: id, details, atMs },
  };
}
