/** The host's pages about itself: alive, ready, figures. */
import type { Plane } from "../edge/planes.ts";
import type { Log } from "../telemetry.ts";
import type { MetricsPage } from "./metrics-page.ts";

export interface OwnPagesOptions {
  /** Why the log cannot be written or read as it should be, or that the host drains; undefined when all is well. */
  readonly unreadiness: () => string | undefined;
  readonly metrics: MetricsPage;
  readonly log: Log;
}

/** Answered also when nothing else is: who watches the host must not take it for dead, or a restart for the cure. */
export const vitalPaths: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"]);

export function ownPages({ unreadiness, metrics, log }: OwnPagesOptions): Record<string, Plane> {
  return {
    // Touches nothing: a store that is away must not get the proxy restarted.
    "/healthz": forReading((_request, response) =>
      answer(response, 200, "text/plain; charset=utf-8", "ok\n"),
    ),
    "/readyz": forReading((_request, response) => {
      const reason = unreadiness();
      if (reason === undefined) answer(response, 200, "text/plain; charset=utf-8", "ready\n");
      else answer(response, 503, "text/plain; charset=utf-8", `not ready: ${reason}\n`);
    }),
    "/metrics": forReading((_request, response) => {
      metrics.render().then(
        (page) => answer(response, 200, metrics.contentType, page),
        (cause: unknown) => {
          log.error({ err: cause }, "the figures for /metrics could not be read");
          answer(response, 503, "text/plain; charset=utf-8", "the figures cannot be read now\n");
        },
      );
    }),
  };
}

function forReading(plane: Plane): Plane {
  return (request, response) => {
    request.resume();
    if (request.method === "GET" || request.method === "HEAD") return plane(request, response);
    response.writeHead(405, { Allow: "GET, HEAD", "Content-Length": 0 }).end();
  };
}

function answer(
  response: Parameters<Plane>[1],
  statusCode: number,
  type: string,
  text: string,
): void {
  response
    .writeHead(statusCode, {
      "Content-Type": type,
      "Content-Length": Buffer.byteLength(text),
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
    })
    .end(text);
}
