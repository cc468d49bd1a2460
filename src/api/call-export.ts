/**
 * `/v1/mcp/calls/export`: every call of a filter as one file, however many there are.
 *
 * Guarantees: the calls that were there when it began, each once, newest first; those deleted meanwhile may be
 * missing. Never more than a page of them in memory, read as fast as the client takes them. An export that
 * fails breaks its connection, so that no part looks like the whole. Bounds: `call-walk.ts`; pieces of 64 Ki
 * characters and one call; 4 exports of a team, 16 in all; a reader that takes nothing for 60 s is cut off.
 */
import { setImmediate as turn } from "node:timers/promises";
import { z } from "@hono/zod-openapi";
import type { Call, CallSummary } from "../call.ts";
import type { Clock } from "../clock.ts";
import { invalid } from "../problem.ts";
import type { CallFilter } from "../store/call-filter.ts";
import type { CallLog } from "../store/call-log.ts";
import type { Registry } from "../store/registry.ts";
import { everyAnswer } from "./answer.ts";
import { CallWalk } from "./call-walk.ts";
import { contentTypes, exportForm, exportFormats, type Form } from "./export-formats.ts";
import { demandScope } from "./needs.ts";
import { streaming } from "./operation.ts";
import { countParameters, toFilter } from "./query.ts";
import { oneOf } from "./query-fields.ts";
import { Slots } from "./slots.ts";
import { streamBody } from "./stream-body.ts";
import { trailOf } from "./trail.ts";

export interface CallExportOptions {
  readonly log: Pick<CallLog, "page" | "find">;
  readonly registry: Pick<Registry, "servers" | "addAudit">;
  readonly clock: Pick<Clock, "nowMs">;
  readonly version: string;
}

const limits = { hostMax: 16, teamMax: 4 };
const pieceMinLength = 65_536;
const stallMaxMs = 60_000;
const describedMaxLength = 1_000;

const parameters = countParameters.extend({
  format: oneOf(exportFormats).optional().openapi({ default: "ndjson" }).describe("Of the file."),
  messages: oneOf(["true", "false"])
    .optional()
    .openapi({ default: "false" })
    .describe("Whether each call comes with its `messages`; with `ndjson` alone, and slower."),
});

export function callExport(options: CallExportOptions) {
  const slots = new Slots("exports", limits);
  return streaming({
    name: "exportCalls",
    tag: "Calls",
    summary: "Export calls",
    description:
      "Takes the filters of the list; any number of calls, newest first, each that was there at the " +
      "start once. `ndjson`: a call a line, whole, as at its own address. `csv`: a call a line, bodies cut as in " +
      "lists; text that a spreadsheet would take for a formula begins with an apostrophe, and control characters " +
      "are shown as pictures. `har`: HTTP archive 1.2, whole, with the server's URL for that of the proxy. " +
      "An export that fails on its way breaks the connection: a file is whole when the " +
      "client got to the end of the answer without an error. Without the scope `calls:bodies` neither `har` nor " +
      "`messages`, and the calls of the others as lists show them then.",
    needs: { scope: "calls:read" },
    query: parameters,
    content: Object.fromEntries(
      Object.values(contentTypes).map((type) => [mediaType(type), z.string()]),
    ),
    problems: ["rate_limited"],
    example: { query: "?format=csv&status=error&from=2026-11-20", flags: "-fOJ" },
    run: async ({ query, signal, connection }) => {
      const { format = "ndjson", messages } = query;
      if (messages === "true" && format !== "ndjson")
        throw invalid({ field: "messages", message: "needs format=ndjson" });
      const { caller } = connection;
      // The other forms show the calls of who may not read bodies without them; these two would show nothing.
      if (messages === "true" || format === "har") demandScope(caller, "calls:bodies");
      const { teamId } = caller;
      const leave = slots.take(teamId);
      try {
        const servers = await options.registry.servers(teamId);
        const urls = new Map(servers.map(({ id, targetUrl }) => [id, targetUrl]));
        const { version, clock } = options;
        const withMessages = messages === "true";
        const targetUrl = (id: string) => urls.get(id);
        const form = exportForm(format, { version, targetUrl, withMessages, caller });
        const whole = withMessages ? "messages" : "whole";
        const depth = form.wholeBodies ? whole : "preview";
        const filter = toFilter(query, caller);
        const walk = new CallWalk(options.log, { teamId, filter, depth });
        // Before the head of the answer, so that what is wrong with the query can still be said.
        const first = await walk.page(undefined, signal);
        const details = { format, messages: withMessages, filter: describe(filter) };
        const trail = trailOf(caller, clock.nowMs(), "calls.exported", "", details);
        await options.registry.addAudit(trail);
        const recheck = async () => void (await connection.recheck());
        const body = streamBody((reading) => pieces(form, walk.calls(first, recheck, reading)), {
          signal,
          connection,
          stallMaxMs,
          onEnd: leave,
        });
        const own = {
          "Content-Type": form.contentType,
          "Content-Disposition": `attachment; filename="${fileName(format, clock.nowMs())}"`,
        };
        return new Response(body, { headers: { ...everyAnswer, ...own } });
      } catch (cause) {
        leave();
        throw cause;
      }
    },
  });
}

async function* pieces(
  { head, row, between, tail }: Form,
  calls: AsyncIterable<CallSummary | Call>,
): AsyncGenerator<Uint8Array> {
  let piece = head;
  let isFirst = true;
  for await (const call of calls) {
    piece += isFirst ? row(call) : between + row(call);
    isFirst = false;
    if (piece.length < pieceMinLength) continue;
    yield Buffer.from(piece);
    piece = "";
    // Whatever else this thread has to do comes first.
    await turn();
  }
  yield Buffer.from(piece + tail);
}

/** For the audit log; what was searched for may be a secret. */
function describe({ text, ...filter }: CallFilter): string {
  const shown = text === undefined ? filter : { ...filter, text: "…" };
  return JSON.stringify(shown).slice(0, describedMaxLength);
}

function mediaType(contentType: string): string {
  return contentType.split(";")[0] ?? contentType;
}

/** Nothing in it comes from outside. */
function fileName(format: string, nowMs: number): string {
  const at = new Date(nowMs)
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(/[-:]/g, "");
  return `hookwatch-calls-${at}.${format}`;
}
