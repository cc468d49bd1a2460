/**
 * Calls that the host makes itself, through servers' own proxy URLs: replays, and test calls.
 *
 * In: a request to be sent again, or nothing but a server. Out: the id of the call it becomes. Bounds: `greetingMaxMs` to open
 * a session, `replayMaxMs` for a replay, `testMaxMs` for a test; answers of replays pass unread.
 */
import type { AddressedReplay, Replayed } from "../api/replay.ts";
import type { AskedTestCall, TestedCall } from "../api/test-call.ts";
import { newId } from "../id.ts";
import { Problem } from "../problem.ts";
import type { Reply } from "./mcp-exchange.ts";
import {
  ask,
  type Greeting,
  greetLegacy,
  headersOf,
  modernGreeting,
  speaksModern,
  takeLeave,
} from "./mcp-greeting.ts";
import { ProxyWay, type ProxyWayOptions } from "./proxy-way.ts";

const greetingMaxMs = 10_000;
const testMaxMs = 15_000;
/** Longer than any tool takes that somebody waits for. */
const replayMaxMs = 600_000;

export interface ReplayerOptions extends ProxyWayOptions {
  /** Of this program, told to servers. */
  readonly version: string;
}

export class Replayer implements AsyncDisposable {
  readonly #options: ReplayerOptions;
  readonly #closing = new AbortController();
  /** As many as the API lets begin. */
  readonly #open = new Set<Promise<void>>();

  constructor(options: ReplayerOptions) {
    this.#options = options;
  }

  /** @throws Problem `unavailable` — the call was made in a session, and the server does not open another one. */
  async replay(asked: AddressedReplay): Promise<Replayed> {
    const greeting = asked.needsSession ? await this.#openSession(asked) : undefined;
    const callId = newId();
    // However it ends, the proxy has recorded it.
    const ended = this.#send(asked, callId, greeting).catch(() => undefined);
    this.#open.add(ended);
    void ended.then(() => this.#open.delete(ended));
    return { callId, ended };
  }

  /** Greets the server in the era it speaks, and lists its tools. */
  async testCall(asked: AskedTestCall): Promise<TestedCall> {
    const way = this.#way(asked, testMaxMs);
    const speaker = { way, headers: asked.headers, version: this.#options.version };
    let method = "initialize";
    try {
      const greeted = await greetLegacy(speaker);
      if (greeted.kind === "declined" && !speaksModern(greeted.reply)) {
        return toTested(way.lastCallId, method, greeted.reply);
      }
      const greeting = greeted.kind === "greeted" ? greeted.greeting : modernGreeting;
      method = "tools/list";
      const reply = await ask(speaker, greeting, method, {});
      const tested = toTested(way.lastCallId, method, reply);
      // Whether a server lets a session end says nothing of the call.
      await takeLeave(speaker, greeting).catch(() => undefined);
      return tested;
    } catch {
      // What went wrong is in the log of calls, in the words of the proxy.
      const errorMessage = `no answer came within ${testMaxMs / 1_000} s, or it broke off`;
      return { callId: way.lastCallId, method, statusCode: 0, errorMessage };
    }
  }

  /** Replays under way are broken off, as if their client had left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#open);
  }

  async #send(asked: AddressedReplay, callId: string, greeting?: Greeting): Promise<void> {
    const { replayOf, body, path } = asked;
    const way = this.#way(asked, replayMaxMs);
    const { signal } = way;
    const headers = { ...asked.headers, ...(greeting && headersOf(greeting)) };
    const request = { method: "POST", headers, body, signal } as const;
    const answer = await way.sendAs({ callId, replayOf }, request, path);
    for await (const _ of answer.body);
    if (greeting) await takeLeave(this.#speaker(asked, replayMaxMs), greeting);
  }

  async #openSession(asked: AddressedReplay): Promise<Greeting> {
    const refusal = (why: string, cause?: unknown) =>
      new Problem("unavailable", `the server opened no session for the replay: ${why}`, { cause });
    const greeted = await greetLegacy(this.#speaker(asked, greetingMaxMs)).catch(
      (cause: unknown) => {
        throw refusal("it did not answer in time, or broke off", cause);
      },
    );
    if (greeted.kind === "greeted") return greeted.greeting;
    const { statusCode } = greeted.reply;
    const hint = statusCode === 401 || statusCode === 403 ? "; pass a credential in headers" : "";
    throw refusal(`it answered HTTP ${statusCode}${hint}`);
  }

  #speaker(asked: AddressedReplay, maxMs: number) {
    const { authorization, "x-api-key": apiKey } = asked.headers;
    const headers = {
      ...(authorization !== undefined && { authorization }),
      ...(apiKey !== undefined && { "x-api-key": apiKey }),
    };
    return { way: this.#way(asked, maxMs), headers, version: this.#options.version };
  }

  #way({ server, sourceIp }: Pick<AskedTestCall, "server" | "sourceIp">, maxMs: number): ProxyWay {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(maxMs)]);
    return new ProxyWay(this.#options, { server, sourceIp, signal });
  }
}

function toTested(callId: string, method: string, { statusCode, response }: Reply): TestedCall {
  const told = response?.error?.message;
  const errorMessage = typeof told === "string" ? told.slice(0, 2_000) : "";
  const failed = statusCode >= 400 || response === undefined || response.error !== undefined;
  return {
    callId,
    method,
    statusCode,
    errorMessage: errorMessage || (failed ? `HTTP ${statusCode}` : ""),
  };
}
