/**
 * Calling functions of another thread over a message port, with `Problem`s crossing as such.
 *
 * Arguments and results are structured clones. Requests are served in the order of arrival, and
 * other messages on the same port keep their place among them. An `AbortSignal` as the last argument
 * crosses as one that aborts when the caller's does, or when the caller has waited too long.
 */
import type { MessagePort, Worker } from "node:worker_threads";
import { FleetingMap } from "../fleeting.ts";
import { type FieldProblem, Problem, type ProblemCode } from "../problem.ts";

type Port = Pick<MessagePort, "postMessage" | "on"> | Pick<Worker, "postMessage" | "on">;
type Method = (...args: never[]) => unknown;

interface Request {
  readonly request: number;
  readonly method: string;
  readonly args: readonly unknown[];
  /** The method gets a signal after the arguments; `Abort` raises it. */
  readonly abortable?: true;
}

/** Nobody waits for the reply to this request any more. */
interface Abort {
  readonly abort: number;
}

interface Reply {
  readonly reply: number;
  readonly value?: unknown;
  readonly problem?: { code: ProblemCode; message: string; details: readonly FieldProblem[] };
  /** An error that is no Problem: a bug over there, with its stack. */
  readonly fault?: unknown;
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  readonly late: NodeJS.Timeout;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: () => void;
}

/** Answers requests that arrive on the port with the given methods. */
export function serveMethods(port: Port, methods: Readonly<Record<string, Method>>): void {
  const abortable = new Map<number, AbortController>();
  port.on("message", (message: unknown) => {
    if (isAbort(message)) abortable.get(message.abort)?.abort();
    else if (isRequest(message)) void answer(port, methods, message, abortable);
  });
}

async function answer(
  port: Port,
  methods: Readonly<Record<string, Method>>,
  request: Request,
  abortable: Map<number, AbortController>,
): Promise<void> {
  const { request: reply, method, args } = request;
  const controller = request.abortable && new AbortController();
  if (controller) abortable.set(reply, controller);
  const rest = controller ? [controller.signal] : [];
  try {
    const run = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (!run) throw new Error(`this thread has no method "${method}"`);
    const value = await run(...([...args, ...rest] as never[]));
    if (!controller?.signal.aborted) port.postMessage({ reply, value } satisfies Reply);
  } catch (error) {
    if (!controller?.signal.aborted) port.postMessage({ reply, ...toWire(error) } satisfies Reply);
  } finally {
    abortable.delete(reply);
  }
}

/** Calls that may wait for one thread, which serves them one after the other. */
const openMax = 1_000;

/** The calling side. Rejects everything open once `fail` says that nobody will answer. */
export class RemoteMethods {
  readonly #port: Port;
  readonly #answerMaxMs: number;
  readonly #open = new FleetingMap<number, Waiting>();
  #last = 0;

  /** `answerMaxMs`: how long a caller waits before being told to try again; the thread may still finish. */
  constructor(port: Port, answerMaxMs: number) {
    this.#port = port;
    this.#answerMaxMs = answerMaxMs;
    port.on("message", (message: unknown) => {
      if (isReply(message)) this.#settle(message);
    });
  }

  /** Rejects with the reason of the signal, the last argument if there is one, as soon as it is aborted. */
  call<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    const signal = toSignal(args.at(-1));
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#open.size >= openMax) {
      return Promise.reject(
        unavailable(`${openMax} requests are waiting already; try again later`),
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#last += 1;
    const request = this.#last;
    const giveUp = (reason: unknown) => {
      this.#take(request);
      if (signal) this.#port.postMessage({ abort: request } satisfies Abort);
      reject(reason);
    };
    const late = setTimeout(() => {
      giveUp(unavailable(`no answer within ${this.#answerMaxMs} ms; try again later`));
    }, this.#answerMaxMs);
    const onAbort = () => giveUp(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#open.set(request, { resolve, reject, late, signal, onAbort });
    this.#port.postMessage(
      signal
        ? ({ request, method, args: args.slice(0, -1), abortable: true } satisfies Request)
        : ({ request, method, args } satisfies Request),
    );
    return promise;
  }

  fail(error: Error): void {
    for (const [request] of [...this.#open]) this.#take(request)?.reject(error);
  }

  /** What waited for this reply, waiting no more. */
  #take(request: number): Waiting | undefined {
    const waiting = this.#open.get(request);
    if (!waiting) return undefined;
    this.#open.delete(request);
    clearTimeout(waiting.late);
    waiting.signal?.removeEventListener("abort", waiting.onAbort);
    return waiting;
  }

  #settle(message: Reply): void {
    const waiting = this.#take(message.reply);
    if (message.problem) {
      const { code, message: text, details } = message.problem;
      waiting?.reject(new Problem(code, text, { details, cause: message.fault }));
    } else if ("fault" in message) waiting?.reject(message.fault);
    else waiting?.resolve(message.value as never);
  }
}

function toSignal(value: unknown): AbortSignal | undefined {
  return value instanceof AbortSignal ? value : undefined;
}

function unavailable(message: string): Problem {
  return new Problem("unavailable", message);
}

function toWire(error: unknown): Pick<Reply, "problem" | "fault"> {
  if (!(error instanceof Problem))
    return { fault: error instanceof Error ? error : new Error(String(error)) };
  const { code, message, details, cause } = error;
  const problem = { code, message, details };
  return cause instanceof Error ? { problem, fault: cause } : { problem };
}

function isRequest(message: unknown): message is Request {
  return typeof message === "object" && message !== null && "request" in message;
}

function isAbort(message: unknown): message is Abort {
  return typeof message === "object" && message !== null && "abort" in message;
}

export function isReply(message: unknown): message is Reply {
  return typeof message === "object" && message !== null && "reply" in message;
}
