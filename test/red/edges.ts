/** T7 who reads the log, T8 what acts as us, T10 our own log, T11 to T14 who asks, T17 the slow and the many, T24 packages. */
import { breaks } from "./break.ts";

const guard = "src/edge/guard.ts";
const headers = "src/proxy/headers.ts";
const limits = "src/proxy/limits.ts";
const edgeLimits = "src/edge/limits.ts";
const log = "src/host/log.ts";
const gate = "src/edge/gate.ts";
const listener = "src/edge/listener.ts";
const relay = "src/proxy/relay.ts";

const t7 = breaks("T7", {
  "test/dashboard/hostile.test.ts": {
    "is text in the list, however far it is scrolled": [
      "dashboard/ui/safe-text.tsx",
      "<Fragment key={at}>{part.text}</Fragment>",
      "<span key={at} dangerouslySetInnerHTML={{ __html: part.text }} />",
    ],
    "is text on the page servers": [
      "dashboard/ui/safe-text.tsx",
      "<Fragment key={at}>{part.text}</Fragment>",
      "<span key={at} dangerouslySetInnerHTML={{ __html: part.text }} />",
    ],
  },
  "src/edge/dashboard.test.ts": {
    "the page may load from this origin alone, run no inline code, and be framed by nobody": [
      ["src/edge/dashboard.ts", "\"script-src 'self'\"", "\"script-src 'self' 'unsafe-inline'\""],
      ["src/edge/dashboard.ts", "  \"frame-ancestors 'none'\",\n", ""],
    ],
  },
  "test/e2e/oidc.test.ts": {
    "the browser is led to paths of this host alone": [
      "src/api/oidc.ts",
      "/^\\/(?![/\\\\])[\\x21-\\x5b\\x5d-\\x7e]*$/.test(path)",
      'path.startsWith("/")',
    ],
  },
  "src/host/log.test.ts": {
    "a person's lines are lines, too": [log, '.replaceAll(/\\p{Cc}/gu, "\\ufffd")', ""],
  },
});

const t8 = breaks("T8", {
  "src/proxy/headers.test.ts": {
    "of an answer would act on our origin and does not pass": [
      [headers, '  "clear-site-data",\n', ""],
      [headers, '  "service-worker-allowed",\n', ""],
    ],
    "a cookie is set for the server's proxy URL alone": [
      headers,
      "(?:domain|path)\\s*(?:=|$)/i",
      "(?:path)\\s*(?:=|$)/i",
    ],
    "only what no browser runs as a page goes without a box": [
      [headers, "pageWithoutType && !empty : !isInert(type)", "false : !isInert(type)"],
      [headers, "return inertType.test(type);", 'return !type.includes("html");'],
    ],
  },
  "src/edge/guard.test.ts": {
    "a page that wants a %s of %s gets a %d": [
      guard,
      "return isEmbedded(request) ? embedded : undefined;",
      "return undefined;",
    ],
  },
});

const t10 = breaks("T10", {
  "src/host/log.test.ts": {
    "what strangers send stays text in one line, all of it visible": [
      log,
      "const shown = stream.isTTY ? readable : escaped;",
      "const shown = stream.isTTY ? readable : String;",
    ],
    "whatever is told, a line has its bounds": [log, 'if (levels === 0) return "…";', ""],
  },
  "test/e2e/hostile-clients.test.ts": {
    "neither the log of the host nor its figures tell a slug": [
      "src/proxy/forwarder.ts",
      'const path = splitPath(request.url ?? "");',
      'const path = splitPath(request.url ?? "");\n    this.#options.log.error({ url: request.url }, "asked");',
    ],
  },
});

const t11 = breaks("T11", {
  "test/e2e/hostile-clients.test.ts": {
    "is refused on every route there is": [
      ["src/host/host.ts", "const handle = guarded(config, all);", "const handle = all;"],
      [
        "src/host/host.ts",
        "const handle = guarded(config, all);",
        'const handle = planes({ "/healthz": all }, guarded(config, all));',
      ],
    ],
  },
  "src/edge/guard.test.ts": {
    "a Host of %j is let in": [
      [guard, "if (!isOwnHost(host, request, own)) return misdirected;", ""],
      [guard, "const suffix = `:${port}`;", 'const suffix = host.slice(host.lastIndexOf(":"));'],
    ],
    "a page of %j may ask": [
      [guard, "(?::\\d{1,5})?$/;", "(?::\\d{1,5})?/;"],
      [
        guard,
        "const text = origin.toLowerCase();",
        'if (origin === "null") return true;\n  const text = origin.toLowerCase();',
      ],
    ],
  },
  "src/edge/planes.test.ts": {
    "%j is for %s": [
      "src/edge/planes.ts",
      "if (url.startsWith(prefix))",
      "if (url.includes(prefix))",
    ],
  },
  "src/host/config.test.ts": {
    "without any setting the documented defaults hold": [
      "src/host/variables.ts",
      'fallback: "127.0.0.1",',
      'fallback: "0.0.0.0",',
    ],
  },
  "test/e2e/sign-in.test.ts": {
    "the link of the first start opens the dashboard once": [
      "src/store/sqlite/registry-sessions.ts",
      'file.run("DELETE FROM sign_in_links WHERE secret_digest = ?", secretDigest);',
      "",
    ],
  },
});

const t12 = breaks("T12", {
  "test/proxy/cors.test.ts": {
    "what an upstream does not let a page read is not opened by us": [
      headers,
      "  return headers;\n}\n\n/** The chunks",
      '  headers.push("Access-Control-Allow-Origin", "*");\n  return headers;\n}\n\n/** The chunks',
    ],
    "our own failures can be read by the page that asked, and by no other": [
      "src/proxy/failure-answer.ts",
      "if (origin !== undefined) {",
      'if (origin !== undefined) {\n    rawHeaders.push("Access-Control-Allow-Credentials", "true");',
    ],
  },
  "src/proxy/oauth.test.ts": {
    "any page may ask, any method but reading is refused": [
      "src/proxy/oauth.ts",
      'if (method !== "GET" && method !== "HEAD") return { statusCode: 405 };',
      "",
    ],
  },
});

const t13 = breaks("T13", {
  "test/proxy/smuggling.test.ts": {
    "the server sees what we saw, or nothing": [
      [guard, "if (seen & repeatedFlag) return repeated;", ""],
      [listener, "insecureHTTPParser: false,", "insecureHTTPParser: true,"],
    ],
  },
  "src/edge/guard.test.ts": {
    "a second %s is refused, whatever it says": [guard, '  "mcp-session-id": 16,\n', ""],
    "the upgrade to HTTP/2 that Java clients offer is ignored, not refused": [
      guard,
      "return upgrade !== undefined && /",
      "return upgrade !== undefined || /",
    ],
    "%s is refused": [
      [
        guard,
        "if (httpVersionMajor === 0) return noVersion;",
        "if (httpVersionMajor === 0) return undefined;",
      ],
      [guard, "if (!toOriginForm(request, own)) return badTarget;", ""],
      [guard, "if (isWebSocket(headers.upgrade)) return badUpgrade;", ""],
    ],
  },
  "src/proxy/headers.test.ts": {
    "passes only if its other spelling would": [
      headers,
      'if (!name.includes("_")) return "pass";',
      'return "pass";',
    ],
    "belongs to one connection and passes in neither direction": [
      headers,
      '  "proxy-authorization",\n',
      "",
    ],
    "what Connection names goes with it": [headers, "names.add(token);", ""],
  },
  "src/proxy/relay.test.ts": {
    "gets its client a 502 that says so": [
      [limits, "responseHeadMaxBytes = 32_768", "responseHeadMaxBytes = 327_680"],
      ["src/http/framing.ts", "if (contentLength !== -1) return undefined;", ""],
      ["src/http/framing.ts", "if (chunked && contentLength !== -1) return undefined;", ""],
    ],
    "that is cut is cut for the client too, after what had come": [
      "src/proxy/outlet.ts",
      "else socket.destroySoon();",
      "else this.#response.end();",
    ],
    "a cut answer to an HTTP/1.0 client": [
      "src/proxy/outlet.ts",
      "socket.resetAndDestroy();",
      "socket.destroySoon();",
    ],
    "what a server leaves on its connection is never another server's answer": [
      "src/proxy/dial.ts",
      "const { serverId } = target;\n    const pools",
      "const serverId = origin;\n    target = { ...target, serverId };\n    const pools",
    ],
  },
  "test/proxy/faults.test.ts": {
    "a thousand times half a head leave no descriptor, no exchange and no memory behind": [
      "src/proxy/forwarder.ts",
      "this.#relays.delete(relay);",
      "",
    ],
  },
});

const t14 = breaks("T14", {
  "src/proxy/source-ip.test.ts": {
    "the caller is %s": [
      ["src/proxy/source-ip.ts", "forwardedFor(rawHeaders).reverse()", "forwardedFor(rawHeaders)"],
      ["src/proxy/source-ip.ts", "if (!trusted.has(next)) break;", ""],
      [
        "src/proxy/source-ip.ts",
        'toLowerCase() !== "x-forwarded-for"',
        'toLowerCase() !== "x-real-ip"',
      ],
    ],
  },
  "src/client-network.test.ts": {
    "%s counts as %s": ["src/client-network.ts", ".slice(0, 4)", ".slice(0, 8)"],
  },
  "src/proxy/forwarder.test.ts": {
    "a request and its answer pass byte for byte": [
      headers,
      "  return { headers, leaks, loops, contentLength };",
      '  headers.push("X-Forwarded-For", "192.0.2.1");\n  return { headers, leaks, loops, contentLength };',
    ],
  },
});

const t17 = breaks("T17", {
  "src/edge/listener.test.ts": {
    "who does not finish the head in time is answered 408 and cut off": [
      listener,
      "headersTimeout: limits.headTimeoutMs,",
      "headersTimeout: 0,",
    ],
    "a body of which comes": [
      "src/edge/arrivals.ts",
      "return isMeasured && came * 1_000 < bytesPerSecondMin * tookMs;",
      "return isMeasured && came === 0;",
    ],
    "an answer of which nothing is taken is cut off, one that only waits is not": [
      [listener, "if (answerOn(socket) && socket.writableLength === 0)", "if (answerOn(socket))"],
      [listener, "if (answerOn(socket) && socket.writableLength === 0)", "if (false)"],
    ],
    "connections beyond the limit are told when to come again": [
      gate,
      "if (this.#connections.isExcess(connectionOf(request.socket))) return this.#tooMany;",
      "",
    ],
    "one client has so many connections and no more": [
      "src/edge/connections.ts",
      "if (this.#clients.size <= connectionsMax && beyond <= 0) return;",
      "if (this.#clients.size <= connectionsMax) return;",
    ],
    "requests of one connection are begun one after another, and few may wait": [
      [gate, "if (waiting > this.#options.limits.pipelinedMax)", "if (false)"],
      [gate, "if (response.socket !== null)", "if (response.socket !== undefined)"],
    ],
    "while memory is scarce new requests are told when to come again, and what runs runs on": [
      gate,
      "return this.#scarce ? this.#tooFull : undefined;",
      "return undefined;",
    ],
    "a client that asks for a tunnel and resets its connection harms nobody": [
      listener,
      'socket.on("error", () => socket.destroy());',
      "",
    ],
  },
  "src/proxy/relay.test.ts": {
    "a body of which %s comes is answered accordingly, and its upstream let go": [
      limits,
      "uploadBytesPerSecondMin = 1_024",
      "uploadBytesPerSecondMin = 1",
    ],
    "the time that an upstream takes over a body is not the client's": [
      "src/proxy/intake.ts",
      "return !this.whole && !this.#stalled;",
      "return !this.whole;",
    ],
    "a body in many pieces is read if they are worth it": [
      [limits, "piecesMax = 4_096", "piecesMax = 40_960_000"],
      [limits, "pieceMinBytes = 64", "pieceMinBytes = 64_000"],
    ],
    "provisional answers without end": [
      "src/proxy/answer-reader.ts",
      "return this.#interim <= interimMax;",
      "return true;",
    ],
    "an upstream that sends no head in time is a 504": [
      "src/proxy/passage.ts",
      "(target.upstreamIdleTimeoutMs ?? border.upstreamIdleTimeoutMs)",
      "Number.POSITIVE_INFINITY",
    ],
    "a server may have a patience of its own": [
      "src/proxy/passage.ts",
      "(target.upstreamIdleTimeoutMs ?? border.upstreamIdleTimeoutMs)",
      "border.upstreamIdleTimeoutMs",
    ],
    "a reader that stalls stops the upstream, and gets everything once it reads again": [
      relay,
      "if (!this.#outlet.write(piece)) this.#line?.pause();",
      "this.#outlet.write(piece);",
    ],
    "a reader that takes nothing of its answer is cut off after a minute": [
      relay,
      "if (waitedMs > limits.readerStallMs) this.#giveUpReader();",
      "",
    ],
    "takes the upstream with it within a second": [relay, "line?.abort();", ""],
    "a client that closes its half of the connection %s has left": [
      "src/edge/ordinary-line.ts",
      "} else this.socket.end();",
      "}",
    ],
  },
  "src/proxy/admission.test.ts": {
    "a team has so many exchanges open at once and no more": [
      "src/proxy/admission.ts",
      "this.#isCrowded(target.teamId) ?",
      "false ?",
    ],
  },
  "src/capture/slab.test.ts": {
    "a team that fills the backlog loses bodies of its own, and none of another team's": [
      "src/capture/backlog-shares.ts",
      "return (this.#byTeam.get(teamId) ?? 0) > roomBytes;",
      "return roomBytes < 1;",
    ],
  },
  "test/e2e/hostile-clients.test.ts": {
    "ten thousand fields": [edgeLimits, "headMaxBytes: 65_536,", "headMaxBytes: 16_384,"],
    "a head that never ends is cut off": [
      edgeLimits,
      "headMaxBytes: 65_536,",
      "headMaxBytes: 655_360_000,",
    ],
    "hundreds of clients that say nothing, or nothing whole, hold up nobody": [
      edgeLimits,
      "connectionsMax: 10_000,",
      "connectionsMax: 100,",
    ],
    "where descriptors are few the last clients are told to come again": [
      listener,
      "connectionsWithin(descriptorsMax(), limits.connectionsMax, listeners)",
      "connectionsWithin(100_000, limits.connectionsMax, listeners)",
    ],
    "connections on both sides ask after half a minute whether anybody is there": [
      [listener, "    keepAlive: true,\n", ""],
      ["src/proxy/egress.ts", "keepAliveInitialDelay: 30_000,", "keepAlive: false,"],
    ],
  },
});

const lockedHono = '"node_modules/hono": {\n      ';

const t24 = breaks("T24", {
  "test/supply-chain.test.ts": {
    "has no package that runs code when it is installed, for development neither": [
      [".npmrc", "ignore-scripts=true", "ignore-scripts=false"],
      ["package-lock.json", lockedHono, `${lockedHono}"hasInstallScript": true,\n      `],
    ],
    "pins every package by a SHA-512 and names no foreign registry": [
      "package-lock.json",
      lockedHono,
      `${lockedHono}"resolved": "https://packages.example/hono.tgz",\n      `,
    ],
    "`npm run sbom` lists what the running product is made of, and nothing else": [
      "tools/sbom.cjs",
      `  delete own.devDependencies;
  delete lock.packages[""].devDependencies;
  lock.packages = Object.fromEntries(
    Object.entries(lock.packages).filter(([, { dev, devOptional }]) => !dev && !devOptional),
  );
`,
      "",
    ],
  },
});

export const edges = [...t7, ...t8, ...t10, ...t11, ...t12, ...t13, ...t14, ...t17, ...t24];
