/**
 * Serves the built dashboard: a closed list of files, and its one page for every address that a person may
 * open or reload.
 *
 * In: the folder that the build has written, read once. Out: the files, in the smallest coding that the build
 * made and the client takes; requests for anything else go on to `next`. Guarantees: no path of a request
 * reaches the file system; the page loads from this origin alone and runs no code but its own.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, relative, sep } from "node:path";
import type { Plane } from "./planes.ts";

export interface DashboardOptions {
  readonly folder: string;
  /** A sentence for whoever opens a dashboard that is not there. */
  readonly missing: string;
}

const page = "/index.html";

/** `style-src` leaves the CSSOM, which is all that the scripts use. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const protection = {
  "Content-Security-Policy": policy,
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
};

const typesByExtension = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".svg", "image/svg+xml"],
]);

/** Codings that the build may have made of a file, best first, by what its name ends in. */
const codings = [
  ["br", ".br"],
  ["gzip", ".gz"],
] as const;

export function dashboard({ folder, missing }: DashboardOptions, next: Plane): Plane {
  const files = readFiles(folder);
  const shown = files.get(page);
  return (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") return next(request, response);
    const [path = ""] = (request.url ?? "").split("?", 1);
    const file = path === "/" ? shown : files.get(path);
    const opened = path === "/" || /\btext\/html\b/.test(request.headers.accept ?? "");
    if (file) answer(request, response, file);
    else if (shown && opened) answer(request, response, shown);
    else if (path === "/") tell(request, response, missing);
    else next(request, response);
  };
}

interface ServedFile {
  readonly type: string;
  readonly cacheControl: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly encoded: readonly { readonly coding: string; readonly bytes: Buffer }[];
}

/** By the path of their URL; none at all without the page, which a broken build lacks. */
function readFiles(folder: string): ReadonlyMap<string, ServedFile> {
  const files = new Map<string, ServedFile>();
  if (!existsSync(join(folder, page))) return files;
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const type = typesByExtension.get(extname(path));
    if (type === undefined) continue;
    const file = join(folder, path);
    const url = `/${relative(folder, file).split(sep).join("/")}`;
    files.set(url, readServedFile(file, url, type));
  }
  return files;
}

function readServedFile(file: string, url: string, type: string): ServedFile {
  const plain = readFileSync(file);
  return {
    type,
    cacheControl: cacheControl(url),
    etag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`,
    plain,
    encoded: codings
      .filter(([, suffix]) => existsSync(file + suffix))
      .map(([coding, suffix]) => ({ coding, bytes: readFileSync(file + suffix) })),
  };
}

/** What lies below assets/ is named by its content; the page must never name assets that are gone. */
function cacheControl(url: string): string {
  if (url.startsWith("/assets/")) return "public, max-age=31536000, immutable";
  return url === page ? "no-store" : "no-cache";
}

function answer(request: IncomingMessage, response: ServerResponse, file: ServedFile): void {
  request.resume();
  const { type, cacheControl, etag, plain, encoded } = file;
  const fields = {
    ...protection,
    "Cache-Control": cacheControl,
    ETag: etag,
    Vary: "Accept-Encoding",
  };
  if (request.headers["if-none-match"]?.includes(etag)) {
    response.writeHead(304, fields).end();
    return;
  }
  const taken = encoded.find(({ coding }) => takes(request.headers["accept-encoding"], coding));
  const bytes = taken?.bytes ?? plain;
  response.writeHead(200, {
    ...fields,
    "Content-Type": type,
    "Content-Length": bytes.length,
    ...(taken && { "Content-Encoding": taken.coding }),
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

/** RFC 9110, 12.5.3, without the wildcard, which nobody sends alone. */
function takes(accepted: string | string[] | undefined, coding: string): boolean {
  return String(accepted ?? "")
    .split(",")
    .some((each) => {
      const [name = "", ...parameters] = each.split(";").map((part) => part.trim().toLowerCase());
      return name === coding && !parameters.some((part) => /^q=0(?:\.0*)?$/.test(part));
    });
}

function tell(request: IncomingMessage, response: ServerResponse, sentence: string): void {
  request.resume();
  const text = `${sentence}\nThe API works all the same; it is described at /docs.\n`;
  response.writeHead(503, {
    ...protection,
    "Cache-Control": "no-store",
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
  });
  response.end(request.method === "HEAD" ? undefined : text);
}
