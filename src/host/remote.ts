/**
 * Calling functions of another thread over a message port, with `Problem`s crossing as such.
 *
 * Arguments and results are structured clones. Requests are served in the order of arrival, and
 * other messages on the same port keep their place among them.
 */
import type { MessagePort, Worker } from "node:worker_threads";
import { type FieldProblem, Problem, type ProblemCode } from "../problem.ts";

type Port = Pick<MessagePort, "postMessage" | "on"> | Pick<Worker, "postMessage" | "on">;
type Method = (...args: never[]) => unknown;

interface Request {
  readonly request: number;
  readonly method: string;
  readonly args: readonly unknown[];
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
}

/** Answers requests that arrive on the port with the given methods. */
export function serveMethods(port: Port, methods: Readonly<Record<string, Method>>): void {
  port.on("message", (message: unknown) => {
    if (isRequest(message)) void answer(port, methods, message);
  });
}

async function answer(
  port: Port,
  methods: Readonly<Record<string, Method>>,
  request: Request,
): Promise<void> {
  const { request: reply, method, args } = request;
  try {
    const run = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (!run) throw new Error(`this thread has no method "${method}"`);
    port.postMessage({ reply, value: await run(...(args as never[])) } satisfies Reply);
  } catch (error) {
    port.postMessage({ reply, ...toWire(error) } satisfies Reply);
  }
}

/** Calls that may wait for one thread, which serves them one after the other. */
const openMax = 1_000;

/** The calling side. Rejects everything open once `fail` says that nobody will answer. */
export class RemoteMethods {
  readonly #port: Port;
  readonly #answerMaxMs: number;
  readonly #open = new Map<number, Waiting>();
  #last = 0;

  /** `answerMaxMs`: how long a caller waits before being told to try again; the thread may still finish. */
  constructor(port: Port, answerMaxMs: number) {
    this.#port = port;
    this.#answerMaxMs = answerMaxMs;
    port.on("message", (message: unknown) => {
      if (isReply(message)) this.#settle(message);
    });
  }

  call<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    if (this.#open.size >= openMax) {
      return Promise.reject(
        unavailable(`${openMax} requests are waiting already; try again later`),
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#last += 1;
    const request = this.#last;
    const late = setTimeout(() => {
      this.#open.delete(request);
      reject(unavailable(`no answer within ${this.#answerMaxMs} ms; try again later`));
    }, this.#answerMaxMs);
    this.#open.set(request, { resolve, reject, late });
    this.#port.postMessage({ request, method, args } satisfies Request);
    return promise;
  }

  fail(error: Error): void {
    for (const { reject, late } of this.#open.values()) {
      clearTimeout(late);
      reject(error);
    }
    this.#open.clear();
  }

  #settle(message: Reply): void {
    const waiting = this.#open.get(message.reply);
    this.#open.delete(message.reply);
    clearTimeout(waiting?.late);
    if (message.problem) {
      const { code, message: text, details } = message.problem;
      waiting?.reject(new Problem(code, text, { details, cause: message.fault }));
    } else if ("fault" in message) waiting?.reject(message.fault);
    else waiting?.resolve(message.value as never);
  }
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

export function isReply(message: unknown): message is Reply {
  return typeof message === "object" && message !== null && "reply" in message;
}
