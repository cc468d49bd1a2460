/**
 * The JSON object in a request's body.
 *
 * In: the request. Out: a plain object of unknown values. Whatever the `Content-Type` says, text that is
 * no JSON object is a `validation_error` about `body`. Bounds: 1 MiB, counted while reading whatever
 * `Content-Length` says; 32 levels of nesting and 1,000 members, counted before parsing, which for a
 * hundred thousand of them would hold up every other request.
 */
import { asRecord } from "../message.ts";
import { invalid, Problem } from "../problem.ts";

export const bodyMaxBytes = 1_048_576;
const depthMax = 32;
const membersMax = 1_000;

/** @throws Problem `payload_too_large`, `validation_error` — see above. */
export async function readJsonObject(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const text = decode(await readBytes(request));
  refuseLargeShape(text);
  const object = asRecord(parseJson(text));
  if (!object) throw invalidBody("must be a JSON object");
  return object;
}

/** @throws Problem `payload_too_large` — the head announces a body over the limit. */
export function refuseLargeBody(request: Request): void {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > bodyMaxBytes) throw tooLarge(`${announced}`);
}

async function readBytes(request: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.byteLength;
      if (length > bodyMaxBytes) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    // The client has left: nobody reads the answer, and nobody need be told.
    throw invalidBody("broke off before its end", cause);
  }
  if (length > bodyMaxBytes) throw tooLarge(`more than ${bodyMaxBytes}`);
  return Buffer.concat(chunks, length);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalidBody("must be UTF-8", cause);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalidBody("must be JSON", cause);
  }
}

/** Counts brackets and commas outside strings; of text that is no JSON the answer does not matter. */
function refuseLargeShape(text: string): void {
  let depth = 0;
  let members = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quoted) {
      if (char === "\\") at += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === ",") members += 1;
    else if (char === "[" || char === "{") depth += 1;
    else if (char === "]" || char === "}") depth -= 1;
    if (depth > depthMax) throw invalidBody(`is nested more than ${depthMax} levels deep`);
    if (members >= membersMax) throw invalidBody(`has more than ${membersMax} members`);
  }
}

function tooLarge(length: string): Problem {
  return new Problem("payload_too_large", `body is ${length} bytes, limit is ${bodyMaxBytes}`);
}

function invalidBody(message: string, cause?: unknown): Problem {
  const field = "body";
  return cause === undefined
    ? invalid({ field, message })
    : new Problem("validation_error", `${field}: ${message}`, {
        details: [{ field, message }],
        cause,
      });
}
