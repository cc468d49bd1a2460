import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { dashboard } from "./dashboard.ts";

const page = "<!doctype html><title>page</title>";
const script = "console.log('script');";
const html = "text/html,application/xhtml+xml,*/*;q=0.8";

describe("serving the dashboard", () => {
  test("the page is at the root and wherever a person may open one, never cached", async () => {
    await using site = await serve(build());
    for (const path of ["/", "/calls?status=error", "/servers/abc", "/sign-in"]) {
      const answer = await site.get(path, { accept: html });
      expect(answer).toMatchObject({ status: 200, body: page });
      expect(answer.headers).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
      });
    }
  });

  test("the page may load from this origin alone, run no inline code, and be framed by nobody", async () => {
    await using site = await serve(build());
    const { headers } = await site.get("/");
    expect(headers["content-security-policy"]).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
        "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
        "require-trusted-types-for 'script'",
    );
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "cross-origin-opener-policy": "same-origin",
      "referrer-policy": "no-referrer",
    });
  });

  test("assets are named by their content and kept for a year; other files are asked for again", async () => {
    await using site = await serve(build());
    const asset = await site.get("/assets/main-abc.js");
    expect(asset).toMatchObject({ status: 200, body: script });
    expect(asset.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    expect((await site.get("/theme.js")).headers["cache-control"]).toBe("no-cache");
  });

  test("a file that has not changed is not sent again", async () => {
    await using site = await serve(build());
    const { headers } = await site.get("/theme.js");
    const again = await site.get("/theme.js", { "if-none-match": `W/"x", ${headers.etag}` });
    expect(again).toMatchObject({ status: 304, body: "" });
  });

  test.for([
    { accepted: "gzip, deflate, br, zstd", coding: "br" },
    { accepted: "gzip", coding: "gzip" },
    { accepted: "br;q=0, gzip;q=0.5", coding: "gzip" },
    { accepted: "br;q=0.0", coding: undefined },
    { accepted: "identity", coding: undefined },
    { accepted: "", coding: undefined },
  ])("a client that takes '$accepted' gets $coding", async ({ accepted, coding }) => {
    await using site = await serve(build());
    const { headers } = await site.get("/assets/main-abc.js", { "accept-encoding": accepted });
    expect(headers["content-encoding"]).toBe(coding);
    expect(headers.vary).toBe("Accept-Encoding");
  });

  test("HEAD tells what GET would, without the body", async () => {
    await using site = await serve(build());
    const answer = await site.get("/assets/main-abc.js", {}, "HEAD");
    expect(answer).toMatchObject({ status: 200, body: "" });
    expect(answer.headers["content-length"]).toBe(`${script.length}`);
  });

  test.for([
    { path: "/assets/gone.js", accept: "*/*" },
    { path: "/v2/calls", accept: "application/json" },
    { path: "/assets/../../secret.html", accept: "*/*" },
    { path: "/assets/%2e%2e/index.html", accept: "*/*" },
    { path: "//etc/passwd", accept: "*/*" },
    { path: "/assets/main-abc.js.br", accept: "*/*" },
  ])("what is no file of it goes on: $path", async ({ path, accept }) => {
    await using site = await serve(build());
    expect(await site.get(path, { accept })).toMatchObject({ status: 404, body: "next" });
  });

  test("methods that change something go on", async () => {
    await using site = await serve(build());
    expect((await site.get("/", { accept: html }, "POST")).body).toBe("next");
  });

  test("without a build the root says why, other paths go on", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hookwatch-dashboard-"));
    await using site = await serve(folder);
    const answer = await site.get("/", { accept: html });
    expect(answer.status).toBe(503);
    expect(answer.body).toContain("It is not there, because.");
    expect((await site.get("/calls", { accept: html })).body).toBe("next");
  });
});

/** A folder as the build leaves it. */
function build(): string {
  const folder = mkdtempSync(join(tmpdir(), "hookwatch-dashboard-"));
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), page);
  writeFileSync(join(folder, "theme.js"), "1;");
  const asset = join(folder, "assets", "main-abc.js");
  writeFileSync(asset, script);
  writeFileSync(`${asset}.br`, brotliCompressSync(script));
  writeFileSync(`${asset}.gz`, gzipSync(script));
  return folder;
}

async function serve(folder: string) {
  const plane = dashboard({ folder, missing: "It is not there, because." }, (_request, response) =>
    response.writeHead(404).end("next"),
  );
  const server = createServer(plane).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    /** The path is sent as it stands: `fetch` would clean it up. */
    get: (path: string, headers: Record<string, string> = {}, method = "GET") =>
      new Promise<{ status: number; headers: Record<string, unknown>; body: string }>(
        (resolve, reject) => {
          send({ host: "127.0.0.1", port, path, headers, method }, (response) => {
            text(response).then(
              (body) =>
                resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
              reject,
            );
          })
            .once("error", reject)
            .end();
        },
      ),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}
