/**
 * What followed the slug, as the log shows it: paths in clear but for segments that look like keys,
 * of the query the names alone. Links and sessions of legacy streams are credentials.
 *
 * Bounds: `readMaxLength` characters and `pairsMax` pairs of the query are looked at, `pathMaxLength` kept.
 */
import { openEndpoint } from "./legacy-endpoint.ts";
import { redact } from "./redact.ts";
import { looksRandom } from "./redact-fields.ts";
import type { Seal } from "./seal.ts";
import { secretType } from "./sensitive-keys.ts";
import { shorten } from "./truncate.ts";

const pathMaxLength = 2_000;
const readMaxLength = 65_536;
const pairsMax = 100;

export function redactPath(target: string, seal: Seal): string {
  if (target === "") return "";
  const opened = openEndpoint(target.slice(0, readMaxLength));
  const mark = opened.indexOf("?");
  const path = redactSegments(mark === -1 ? opened : opened.slice(0, mark), seal);
  const query = mark === -1 ? "" : `?${redactQuery(opened.slice(mark + 1), seal)}`;
  return shorten(path + query, pathMaxLength);
}

function redactSegments(path: string, seal: Seal): string {
  const segments = redact(path, seal, true).split("/");
  return segments
    .map((segment) => (looksRandom(segment) ? seal.mark("value", segment) : segment))
    .join("/");
}

function redactQuery(query: string, seal: Seal): string {
  const pairs = query.split("&", pairsMax + 1).map((pair) => redactPair(pair, seal));
  return pairs.length <= pairsMax ? pairs.join("&") : `${pairs.slice(0, pairsMax).join("&")}&…`;
}

/** What has no name is a value. */
function redactPair(pair: string, seal: Seal): string {
  const equals = pair.indexOf("=");
  const value = pair.slice(equals + 1);
  if (value === "") return redact(pair, seal);
  if (equals === -1) return seal.mark("value", value);
  const name = pair.slice(0, equals);
  return `${redact(name, seal)}=${seal.mark(secretType(name) || "value", value)}`;
}
