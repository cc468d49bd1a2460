/**
 * Each parser of capture on 10,000 hostile inputs: bytes and texts of what its grammar is made of, in every wrong
 * order, and JSON of any shape and names. None throws, none grows, and what it promises of its result holds.
 */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  openCapture,
  serverId,
  startedAtMs,
  teamId,
} from "../../test/fixtures/exchanges/exchange-script.ts";
import { type Call, callStatuses } from "../call.ts";
import { captureLevels } from "../server.ts";
import { Budget } from "./budget.ts";
import { levelOf } from "./capture-level.ts";
import { findClientFacts, negotiatedVersion, progressTokenOf, toTraceId } from "./client-facts.ts";
import { decodeBody } from "./decode.ts";
import { EventStream, type StreamEvent } from "./event-stream.ts";
import { FieldTexts } from "./field-texts.ts";
import { toFields } from "./fields.ts";
import { keepText } from "./kept-text.ts";
import { openEndpoint, toStreamId } from "./legacy-endpoint.ts";
import { findMirrored, findMismatches, nameOf } from "./mirrored-headers.ts";
import { redact } from "./redact.ts";
import { FieldRedactor } from "./redact-fields.ts";
import { redactPath } from "./redact-path.ts";
import { Seal } from "./seal.ts";
import { SlabWriter } from "./slab.ts";
import { readSlab } from "./slab-reader.ts";
import { openStreamDecoder } from "./stream-decoder.ts";
import { unpackMessages } from "./unpack.ts";
import { judgeAnswer, resultTypeOf } from "./verdict.ts";

const runs = { numRuns: 10_000 };
const seal = new Seal(new Uint8Array(32).fill(1), ["the operator's key"]);

const signs = fc.constantFrom(
  ...['"', "\\", '\\"', "'", "{", "}", "[", "]", "(", ")", ":", ",", "=", "&", "?", "%", "<", ">"],
  ...["\n", "\r\n", "\\n", "\\u0022", "&quot;", " ", "\t", "|", "-", "--", "://", "@", ".", "\0"],
  ...["password", "token", "secret", "value", "name", "x-api-key", "curl -u a", "mysql -p", " is "],
  ...[
    "Bearer ",
    "Basic ",
    "eyJ",
    "sk-",
    "hw_",
    "hwa_eyJ",
    "-----BEGIN PRIVATE KEY-----",
    "-----END",
  ],
  ...["é", "\ud800", "\udc00", "😀", "a1".repeat(20), "the operator's key", "__proto__", "\u202e"],
);
const text = fc.array(signs, { maxLength: 40, size: "max" }).map((pieces) => pieces.join(""));
const names = fc.constantFrom(
  ...["jsonrpc", "id", "method", "params", "result", "error", "code", "message", "content", "text"],
  ...["_meta", "progressToken", "clientInfo", "name", "version", "protocolVersion", "uri", "type"],
  ...[
    "io.modelcontextprotocol/clientInfo",
    "traceparent",
    "resultType",
    "task",
    "taskId",
    "isError",
  ],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "", "\0", "password"],
);
const values = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 5 },
    signs,
    fc.constantFrom("2.0", "tools/call", "initialize", "2026-07-28", "notifications/progress"),
    fc.double(),
    fc.constantFrom(null, true, 0, -0, 1, Number.MAX_VALUE, "12345678901234567890"),
    fc.array(tie("any"), { maxLength: 4 }),
    fc.dictionary(names, tie("any"), { maxKeys: 6 }),
  ),
})).any;
const json = values.map((value) => JSON.stringify(value) ?? "null");
/** Text in JSON, and in JSON inside a string of JSON. */
const quoted = fc.oneof(
  text.map((said) => JSON.stringify({ a: said })),
  text.map((said) => JSON.stringify([JSON.stringify({ a: said })])),
);
const fields = fc.array(
  fc.tuple(
    fc.constantFrom(
      ...["mcp-method", "mcp-name", "mcp-protocol-version", "authorization", "cookie", "x-unknown"],
      ...["__proto__", "constructor", "x-hookwatch-capture", "content-type", "traceparent", ""],
    ),
    fc.oneof(text, fc.constantFrom("=?base64?w6k=?=", "=?base64?!?=", "off", "2026-07-28")),
  ),
  { maxLength: 6 },
);
const bytes = fc.uint8Array({ maxLength: 200 }).map((all) => Buffer.from(all));

describe("nothing that is sent makes it throw, or break what it promises", () => {
  test("redaction takes whole secrets out, and leaves all else as it is", () => {
    const mark = (_: string, secret: string) => `\u0001${secret}\u0002`;
    const marker = { mark, ownSecrets: seal.ownSecrets };
    const clear = (shown: string) => shown.replaceAll("\u0001", "").replaceAll("\u0002", "");
    fc.assert(
      fc.property(fc.oneof(text, json), fc.boolean(), (said, cut) => {
        const shown = redact(said, marker, cut);
        // A number that is taken out becomes a string.
        expect(clear(shown).replaceAll('"', "")).toBe(said.replaceAll('"', ""));
      }),
      runs,
    );
  });

  test("redaction keeps JSON what is JSON", () => {
    fc.assert(
      fc.property(fc.oneof(json, quoted), (said) => {
        expect(() => JSON.parse(redact(said, seal))).not.toThrow();
      }),
      runs,
    );
  });

  test("what is kept is within its limit", () => {
    const keeping = fc.record({
      maxBytes: fc.integer({ min: 0, max: 100 }),
      level: fc.constantFrom(...captureLevels),
    });
    fc.assert(
      fc.property(text, fc.boolean(), keeping, (said, whole, limits) => {
        const kept = keepText(said, whole, { ...limits, seal });
        expect(Buffer.byteLength(kept.text)).toBeLessThanOrEqual(limits.maxBytes);
        if (!whole) expect(kept.truncated).toBe(true);
      }),
      runs,
    );
  });

  test("header fields", () => {
    fc.assert(
      fc.property(fields, (some) => {
        const known = toFields(some.flat());
        expect([...known.keys()].sort()).toEqual([...new Set(some.map(([name]) => name))].sort());
        const shown = new FieldRedactor(seal).redact(known);
        expect(Object.keys(shown).length).toBe(known.size);
        expect(captureLevels).toContain(levelOf("full", some.flat()));
        findMirrored(known);
      }),
      runs,
    );
  });

  test("paths and endpoints", () => {
    const path = fc.array(
      fc.oneof(signs, fc.constantFrom("/", "/~endpoint.L2E.", "?", "&", "%2f")),
      {
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(path, (pieces) => {
        const target = pieces.join("");
        expect(redactPath(target, seal).length).toBeLessThanOrEqual(2_000);
        openEndpoint(target);
        toStreamId(target);
      }),
      runs,
    );
  });

  test("messages and what is read out of them", () => {
    const message = fc.oneof(
      json,
      text,
      values.map((value) => JSON.stringify([value, value])),
    );
    fc.assert(
      fc.property(message, fields, (said, some) => {
        const known = toFields(some.flat());
        const parsed = unpackMessages(said);
        if (parsed.kind === "garbled") expect(parsed.reason).not.toBe("");
        else {
          for (const one of parsed.messages) {
            expect(said).toContain(one.text);
            if (one.kind === "response") {
              expect(callStatuses).toContain(judgeAnswer("tools/call", one, 200).status);
              resultTypeOf(one);
              negotiatedVersion(one.result);
            } else {
              findMismatches(one, known);
              nameOf(one.method, one.params);
              progressTokenOf(one.params);
              if (one.kind === "request") findClientFacts(one);
            }
          }
        }
        toTraceId(said);
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      }),
      runs,
    );
  });

  test("event streams, the same for any cutting", () => {
    const line = fc.oneof(
      signs,
      fc.constantFrom(
        "data: ",
        "data:",
        "event: endpoint",
        "id: 1",
        "retry: 5",
        ": x",
        "\r",
        "\n\n",
      ),
    );
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 30 }),
        fc.integer({ min: 1, max: 9 }),
        (lines, step) => {
          const all = Buffer.from(lines.join(""));
          const read = (pieceBytes: number) => {
            const events: StreamEvent[] = [];
            const budget = new Budget(1_000_000);
            const stream = new EventStream((event) => events.push(event), budget, {
              blockMaxBytes: 64,
            });
            for (let at = 0; at < all.length; at += pieceBytes) {
              stream.add(all.subarray(at, at + pieceBytes));
            }
            stream.clear();
            expect(budget.usedBytes).toBe(0);
            return events;
          };
          expect(read(step)).toEqual(read(all.length + 1));
        },
      ),
      runs,
    );
  });

  test("content codings", () => {
    const coding = fc.constantFrom(
      "gzip",
      "br",
      "zstd",
      "deflate",
      "identity",
      "gzip, gzip",
      "x",
      "",
    );
    const body = fc.oneof(
      bytes,
      bytes.map((all) => gzipSync(all)),
      bytes.map((all) => gzipSync(all).subarray(0, -4)),
    );
    fc.assert(
      fc.property(body, coding, (all, name) => {
        const decoded = decodeBody(all, name);
        if (decoded.kind === "encoded") expect(decoded.reason).not.toBe("");
        const budget = new Budget(1_000_000);
        const decoder = openStreamDecoder(name, budget);
        decoder?.decode(all, () => undefined);
        decoder?.decode(all, () => undefined);
        decoder?.close();
        expect(budget.usedBytes).toBe(0);
      }),
      runs,
    );
  });

  test("records of slabs", () => {
    fc.assert(
      fc.property(bytes, (slab) => {
        let records = 0;
        const reading = readSlab(slab, new FieldTexts(), () => {
          records += 1;
        });
        expect(reading.records).toBe(records);
      }),
      runs,
    );
  });

  test("whole exchanges: each becomes calls, and nothing is left behind", () => {
    const body = fc.oneof(json, text);
    const exchange = fc.record({
      method: fc.constantFrom("POST", "GET", "DELETE"),
      level: fc.constantFrom(...captureLevels),
      path: text,
      asked: body,
      answered: fc.oneof(
        body,
        body.map((said) => `id: 1\ndata: ${said}\n\n`),
      ),
      type: fc.constantFrom("application/json", "text/event-stream", "", "image/png"),
      coding: fc.constantFrom("", "gzip", "br"),
      status: fc.constantFrom(200, 202, 400, 502),
      outcome: fc.constantFrom("complete", "client_left", "upstream_failed", "timeout", "refused"),
      fields,
    });
    fc.assert(
      fc.property(fc.array(exchange, { minLength: 1, maxLength: 3 }), (exchanges) => {
        const calls: Call[] = [];
        const capture = openCapture((call) => calls.push(call));
        const clock = { nowMs: () => startedAtMs, monotonicMs: () => 1 };
        using writer = new SlabWriter((slab) => capture.see(slab), { clock });
        for (const one of exchanges) {
          const rawHeaders = ["mcp-session-id", "s", ...one.fields.flat()].map(withoutNul);
          const witness = writer.watch({
            ...{ serverId, teamId, startedAtMs, rawHeaders, sourceIp: "::1" },
            ...{ method: one.method, path: withoutNul(one.path), captureLevel: one.level },
          });
          witness.request(Buffer.from(one.asked));
          witness.requestEnd();
          witness.head(one.status, ["content-type", one.type, "content-encoding", one.coding]);
          witness.response(Buffer.from(one.answered));
          witness.end({ outcome: one.outcome, reason: "" });
        }
        writer.flush();
        capture.finish("the test is over");
        const { faults, openMessageBytes, requestsPending, exchangesOpen } = capture.stats();
        expect({ faults, openMessageBytes, requestsPending, exchangesOpen }).toEqual({
          ...{ faults: 0, openMessageBytes: 0, requestsPending: 0, exchangesOpen: 0 },
        });
        for (const call of calls) {
          expect(callStatuses).toContain(call.status);
          expect(call.durationMs).toBeGreaterThanOrEqual(0);
          expect(call.errorMessage.length).toBeLessThanOrEqual(2_000);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

/** No text of HTTP holds one. */
function withoutNul(said: string): string {
  return said.replaceAll("\0", "");
}
