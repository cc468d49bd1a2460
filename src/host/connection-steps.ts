/**
 * The steps of a check as they are taken: each ends once, in order, and takes from the end of the one before it.
 *
 * In: how far a connection got, and what was found. Out: all steps; what was not reached is skipped.
 */
import {
  type ConnectionStep,
  type ConnectionStepName,
  connectionSteps,
  type StepDetails,
  type StepStatus,
} from "../api/connection-report.ts";
import type { Clock } from "../clock.ts";
import type { ConnectionStage, SecureFacts } from "../proxy/direct-line.ts";

export class ConnectionSteps {
  readonly #clock: Clock;
  readonly #target: URL;
  readonly #ended = new Map<ConnectionStepName, ConnectionStep>();
  #sinceMs: number;

  constructor(clock: Clock, target: URL) {
    this.#clock = clock;
    this.#target = target;
    this.#sinceMs = clock.monotonicMs();
    if (isAddress(target.hostname)) this.end("dns", "skipped", "the host is an address");
  }

  /** True once the server has answered. */
  get begun(): boolean {
    return this.#ended.has("http");
  }

  /** What comes before a stage was reached, too, told or not. */
  reach(stage: ConnectionStage): void {
    this.end("dns", "ok", `${this.#target.hostname} has an address`);
    if (stage === "resolved") return;
    this.end("connect", "ok", `${this.#port} accepts connections`);
    if (stage === "connected") return;
    if (this.#target.protocol === "http:") this.end("tls", "skipped", "the URL is not https");
    else this.end("tls", "ok", "the certificate is valid");
  }

  reachHttp(statusCode: number, secure: SecureFacts | undefined): void {
    const tls = this.#ended.get("tls");
    if (tls && secure) {
      const { protocol, validUntil } = secure;
      this.#ended.set("tls", { ...tls, details: { protocol, valid_until: validUntil } });
    }
    // A redirect is told when it is followed. Some servers answer 500 to what they do not know, and well after that.
    if ((statusCode >= 300 && statusCode < 400) || statusCode >= 500) return;
    this.end("http", "ok", `answers with HTTP ${statusCode}`, { status_code: statusCode });
  }

  redirected(location: string): void {
    const message = `redirects to ${location.slice(0, 500)}; register that URL to save a round trip`;
    this.end("http", "warning", message, { location: location.slice(0, 2_048) });
  }

  /** Has no effect on a step that has ended. */
  end(
    step: ConnectionStepName,
    status: StepStatus,
    message: string,
    details: StepDetails = {},
  ): void {
    if (this.#ended.has(step)) return;
    const nowMs = this.#clock.monotonicMs();
    const durationMs = status === "skipped" ? 0 : Math.round(nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    this.#ended.set(step, { step, status, message, durationMs, details });
  }

  /** The step that is under way has failed. */
  fail(message: string): void {
    const step = connectionSteps.find((name) => !this.#ended.has(name));
    if (step) this.end(step, "failed", message);
  }

  skipRest(message: string): void {
    for (const step of connectionSteps) this.end(step, "skipped", message);
  }

  all(): readonly ConnectionStep[] {
    const failed = [...this.#ended.values()].some(({ status }) => status === "failed");
    this.skipRest(failed ? "was not reached" : "was not needed");
    return connectionSteps.flatMap((name) => this.#ended.get(name) ?? []);
  }

  get #port(): string {
    const { protocol, port } = this.#target;
    return `port ${port || (protocol === "https:" ? "443" : "80")}`;
  }
}

function isAddress(hostname: string): boolean {
  return hostname.startsWith("[") || /^\d+(?:\.\d+){3}$/.test(hostname);
}
