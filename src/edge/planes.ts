/**
 * Which part of the product a request is for, by the raw path alone: a URL rebuilt from `Host` would let the
 * client choose (CVE-2026-48710).
 */
import type { IncomingMessage, ServerResponse } from "node:http";

export type Plane = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Keys that end in a slash stand for all paths below, others and the root itself for exactly that path; the
 * longest that fits wins. `fallback` takes the rest.
 */
export function planes(byPath: Readonly<Record<string, Plane>>, fallback: Plane): Plane {
  const exact = new Map<string, Plane>();
  const below: [string, Plane][] = [];
  for (const [path, plane] of Object.entries(byPath)) {
    if (path.endsWith("/") && path !== "/") below.push([path, plane]);
    else exact.set(path, plane);
  }
  below.sort(([a], [b]) => b.length - a.length);
  return (request, response) => {
    const url = request.url ?? "";
    const mark = url.indexOf("?");
    const plane = exact.get(mark === -1 ? url : url.slice(0, mark));
    if (plane) return plane(request, response);
    for (const [prefix, one] of below) {
      if (url.startsWith(prefix)) return one(request, response);
    }
    return fallback(request, response);
  };
}
