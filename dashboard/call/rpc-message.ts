/**
 * What the bodies of a call say, as far as MCP gives it a meaning.
 *
 * In: texts from the wire, which may be cut, redacted, hostile or no JSON at all. Out: plain values, undefined where a
 * text does not say them. Nothing is trusted: whoever shows a part checks it.
 */
import type { WireCall } from "../../src/api/wire.ts";

export type Fields = Readonly<Record<string, unknown>>;

export interface RpcError {
  readonly code: number | undefined;
  readonly message: string;
  readonly data: unknown;
}

export interface ReadCall {
  readonly params: Fields | undefined;
  /** Of a tool or a prompt. */
  readonly arguments: Fields | undefined;
  readonly result: Fields | undefined;
  readonly error: RpcError | undefined;
}

export function readCall({ request_body, response_body }: WireCall): ReadCall {
  const request = parseObject(request_body);
  const response = parseObject(response_body);
  const params = toFields(request?.params);
  const error = toFields(response?.error);
  return {
    params,
    arguments: toFields(params?.arguments),
    result: toFields(response?.result),
    error: error && {
      code: typeof error.code === "number" ? error.code : undefined,
      message: textOf(error.message),
      data: error.data,
    },
  };
}

/** A plain object, or undefined. */
export function toFields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined;
}

/** Objects of an array; undefined when it is none. */
export function toList(value: unknown): readonly Fields[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.map(toFields).filter((each) => each !== undefined);
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function parseObject(text: string | null): Fields | undefined {
  if (!text?.trimStart().startsWith("{")) return undefined;
  try {
    return toFields(JSON.parse(text));
  } catch {
    return undefined;
  }
}
