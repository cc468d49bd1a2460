/** How a call ended, in the words of the log. */
import { type CallStatus, type ErrorKind, type ResultType, resultTypes } from "../call.ts";
import type { ExchangeOutcome } from "../exchange.ts";
import { asRecord, type ResponseMessage } from "../message.ts";

export interface Verdict {
  readonly status: CallStatus;
  readonly errorKind: ErrorKind | "";
  /** Empty on success; not yet redacted or cut. */
  readonly errorMessage: string;
  readonly errorCode: number | null;
}

export const success: Verdict = {
  status: "success",
  errorKind: "",
  errorMessage: "",
  errorCode: null,
};

export function failure(
  errorKind: ErrorKind,
  errorMessage: string,
  errorCode: number | null = null,
): Verdict {
  return {
    status: errorKind === "timeout" ? "timeout" : "error",
    errorKind,
    errorMessage,
    errorCode,
  };
}

/** Of a request that was answered. */
export function judgeAnswer(method: string, answer: ResponseMessage, statusCode: number): Verdict {
  if (answer.error) {
    const code = toErrorCode(answer.error);
    const { message } = answer.error;
    const text = typeof message === "string" && message !== "" ? message : `error ${code ?? ""}`;
    return failure("jsonrpc", text.trim(), code);
  }
  if (statusCode >= 400) return failure("http", `HTTP ${statusCode}`);
  if (method !== "tools/call" && method !== "tasks/result") return success;
  const result = asRecord(answer.result);
  if (result?.isError !== true) return success;
  return failure("tool", firstText(result.content) || "the tool reported an error");
}

/** A result that names no type is complete, unless it is a task of 2025-11-25. */
export function resultTypeOf({ result, error }: ResponseMessage): ResultType | "" {
  if (error) return "";
  const { resultType, task } = asRecord(result) ?? {};
  if (resultType === undefined) {
    return typeof asRecord(task)?.taskId === "string" ? "task" : "complete";
  }
  return resultTypes.find((known) => known === resultType) ?? "";
}

/** The body that came in place of an answer, as far as it helps to say what went wrong. */
export interface Substitute {
  /** Redacted; "" when there was none. */
  readonly text: () => string;
  readonly contentType: string;
  /** The JSON-RPC error in it, if it is one. */
  readonly error: ResponseMessage["error"];
}

export interface ExchangeVerdict {
  readonly outcome: ExchangeOutcome;
  readonly reason: string;
  /** 0 when the response never began. */
  readonly statusCode: number;
  readonly substitute: Substitute;
}

/**
 * Of an exchange that did not end well, or ended with an error of HTTP; undefined when neither
 * says that anything went wrong.
 */
export function judgeExchange(exchange: ExchangeVerdict): Verdict | undefined {
  const { outcome, reason, statusCode, substitute } = exchange;
  const code = substitute.error ? toErrorCode(substitute.error) : null;
  switch (outcome) {
    case "timeout":
      return failure("timeout", reason || "the upstream did not answer in time", code);
    case "refused":
      return failure("policy", reason || `HTTP ${statusCode}`, code);
    case "upstream_failed":
      return failure("transport", reason || "the upstream failed", code);
    case "client_left":
      return failure("cancelled", reason || "the client left before the answer");
    case "complete":
      return statusCode >= 400 ? judgeStatus(statusCode, substitute) : undefined;
  }
}

function judgeStatus(statusCode: number, { text, contentType, error }: Substitute): Verdict {
  if (error) {
    const { message } = error;
    const words = typeof message === "string" && message !== "" ? message : `HTTP ${statusCode}`;
    return failure("jsonrpc", words, toErrorCode(error));
  }
  const readable = /^(?:text\/plain|application\/(?:[\w.-]+\+)?json)\b/i.test(contentType);
  const words = readable ? text().slice(0, quotedMaxLength).trim() : "";
  return failure("http", words === "" ? `HTTP ${statusCode}` : `HTTP ${statusCode}: ${words}`);
}

const quotedMaxLength = 300;

function toErrorCode(error: Readonly<Record<string, unknown>>): number | null {
  return Number.isSafeInteger(error.code) ? (error.code as number) : null;
}

function firstText(content: unknown): string {
  if (!Array.isArray(content)) return "";
  for (const part of content) {
    const text = asRecord(part)?.text;
    if (typeof text === "string" && text !== "") return text;
  }
  return "";
}
