/**
 * Checks a connection to an MCP server the way an agent would use it, and says what it finds, step by step.
 *
 * In: a URL that the egress rule lets be registered, credentials for this check. Out: a report, whatever happens. Everything
 * goes through the egress door. Bounds: `checkMaxMs` in all, `answersMaxBytes` of answers, `redirectsMax` redirects that
 * stay with the server.
 */
import type { ConnectionReport } from "../api/connection-report.ts";
import type { PassedHeaders } from "../api/passed-headers.ts";
import type { Clock } from "../clock.ts";
import { Problem } from "../problem.ts";
import { DirectLine } from "../proxy/direct-line.ts";
import type { Egress } from "../proxy/egress.ts";
import { redirectsMax } from "../proxy/limits.ts";
import { type Hop, redirection } from "../proxy/redirect.ts";
import { ConnectionSteps } from "./connection-steps.ts";
import { authenticationOf, toServerInfo, toTool } from "./found-server.ts";
import {
  fieldOf,
  firstEvent,
  isEventStream,
  type Reply,
  spend,
  type Way,
  type WayAnswer,
} from "./mcp-exchange.ts";
import {
  type Greeted,
  type Greeting,
  greetLegacy,
  greetModern,
  listTools,
  modernVersion,
  type Speaker,
  takeLeave,
} from "./mcp-greeting.ts";

export interface ProbeOptions {
  readonly egress: Egress;
  readonly clock: Clock;
  /** Of this program, told to the server. */
  readonly version: string;
  /** Absent: 10 s. */
  readonly checkMaxMs?: number;
}

const answersMaxBytes = 1_048_576;
const defaultCheckMaxMs = 10_000;

export async function probeConnection(
  { egress, clock, version, checkMaxMs = defaultCheckMaxMs }: ProbeOptions,
  target: URL,
  headers: PassedHeaders,
  signal: AbortSignal,
): Promise<ConnectionReport> {
  const steps = new ConnectionSteps(clock, target);
  const ending = AbortSignal.any([signal, AbortSignal.timeout(checkMaxMs)]);
  await using lines = new AsyncDisposableStack();
  const way = new ProbeWay(egress, target, steps, lines, ending);
  const found: Found = { greeting: undefined, overEvents: false, tools: [], more: false };
  try {
    await converse({ way, headers, version }, way, steps, found);
  } catch (cause) {
    signal.throwIfAborted();
    steps.fail(explain(cause, steps, ending, checkMaxMs));
  }
  const { greeting } = found;
  return {
    steps: steps.all(),
    era: greeting?.era ?? (found.overEvents ? "legacy" : null),
    transport: greeting ? "streamable_http" : found.overEvents ? "http_sse" : null,
    protocolVersion: greeting?.protocolVersion ?? "",
    serverInfo: toServerInfo(greeting?.serverInfo),
    tools: found.tools.flatMap(toTool),
    moreTools: found.more,
  };
}

interface Found {
  greeting: Greeting | undefined;
  /** It speaks the transport of 2024-11-05. */
  overEvents: boolean;
  tools: readonly unknown[];
  more: boolean;
}

async function converse(
  speaker: Speaker,
  way: ProbeWay,
  steps: ConnectionSteps,
  found: Found,
): Promise<void> {
  const greeted = await greet(speaker, steps);
  if (greeted === undefined) return;
  if (greeted.kind === "declined") {
    if (await speaksOverEvents(speaker, way)) {
      found.overEvents = true;
      steps.end(
        "protocol",
        "warning",
        "speaks HTTP+SSE of 2024-11-05, which is deprecated but proxied",
      );
      steps.end("authentication", "ok", "nothing asked for a credential");
      steps.skipRest("is not asked over this transport");
    } else steps.fail(notUnderstood(greeted.reply));
    return;
  }
  const { greeting } = greeted;
  found.greeting = greeting;
  tellProtocol(greeting, steps);
  const listing = await listTools(speaker, greeting);
  const refused = listing.kind === "declined" ? authenticationOf(listing.reply) : undefined;
  if (refused) {
    steps.end("authentication", "warning", refused.message, refused.details);
    steps.skipRest("cannot be listed without a credential");
  } else {
    steps.end("authentication", "ok", "tools can be listed with what was sent");
    if (listing.kind === "listed") {
      found.tools = listing.tools;
      found.more = listing.more;
      const count = `${listing.more ? "more than " : ""}${listing.tools.length}`;
      steps.end("tools", "ok", `offers ${count} tool${count === "1" ? "" : "s"}`);
    } else steps.end("tools", "warning", `did not list its tools: ${complaintOf(listing.reply)}`);
  }
  await takeLeave(speaker, greeting);
}

/** Undefined when a credential is needed before anything else, which the steps then say. */
async function greet(speaker: Speaker, steps: ConnectionSteps): Promise<Greeted | undefined> {
  for (const greetOne of [greetModern, greetLegacy]) {
    const greeted = await greetOne(speaker);
    if (greeted.kind === "greeted") return greeted;
    const { reply } = greeted;
    const needed = authenticationOf(reply);
    if (needed) {
      steps.end("protocol", "skipped", "is not told before a credential is given");
      steps.end("authentication", "warning", needed.message, needed.details);
      steps.skipRest("cannot be listed without a credential");
      return undefined;
    }
    if (greetOne === greetLegacy) return greeted;
  }
  return undefined;
}

function tellProtocol(
  { era, protocolVersion, serverInfo }: Greeting,
  steps: ConnectionSteps,
): void {
  const name = toServerInfo(serverInfo)?.name ?? "the server";
  const details = { era, protocol_version: protocolVersion };
  if (era === "modern" && protocolVersion !== modernVersion) {
    const message = `speaks MCP ${protocolVersion || "of an unknown revision"}, which is not known here`;
    steps.end("protocol", "warning", message, details);
  } else steps.end("protocol", "ok", `${name} speaks MCP ${protocolVersion}`, details);
}

/** A server of the first transport answers a GET with a stream that begins with where to post to. */
async function speaksOverEvents({ headers }: Speaker, way: ProbeWay): Promise<boolean> {
  const { signal } = way;
  const accept = { ...headers, accept: "text/event-stream" };
  const answer = await way.send({ method: "GET", headers: accept, signal });
  if (answer.statusCode !== 200 || !isEventStream(answer)) return false;
  return (await firstEvent(way, answer))?.name === "endpoint";
}

function notUnderstood(reply: Reply): string {
  if (reply.response) return `declines the handshake: ${complaintOf(reply)}`;
  const type = fieldOf(reply, "content-type").split(";", 1)[0] || "no content type";
  return `does not speak MCP at this path: HTTP ${reply.statusCode}, ${type}`;
}

function complaintOf({ statusCode, response }: Reply): string {
  const { code, message } = response?.error ?? {};
  return typeof message === "string" ? `${message.slice(0, 500)} (${code})` : `HTTP ${statusCode}`;
}

function explain(
  cause: unknown,
  steps: ConnectionSteps,
  ending: AbortSignal,
  checkMaxMs: number,
): string {
  if (cause instanceof Problem) return cause.message;
  if (ending.aborted) return `took longer than ${checkMaxMs / 1_000} s`;
  return DirectLine.toFailure(cause, steps.begun).message;
}

/** Sends to the target, following redirects that stay with it, and notes how far things got. */
class ProbeWay implements Way {
  readonly signal: AbortSignal;
  bytesLeft = answersMaxBytes;
  readonly #egress: Egress;
  readonly #steps: ConnectionSteps;
  readonly #lines: AsyncDisposableStack;
  #hop: Hop;
  #line: DirectLine;
  #redirects = 0;

  constructor(
    egress: Egress,
    target: URL,
    steps: ConnectionSteps,
    lines: AsyncDisposableStack,
    signal: AbortSignal,
  ) {
    this.#egress = egress;
    this.#steps = steps;
    this.#lines = lines;
    this.signal = signal;
    this.#hop = { origin: target.origin, path: target.pathname + target.search };
    this.#line = this.#open();
  }

  async send(request: Parameters<Way["send"]>[0]): Promise<WayAnswer> {
    for (;;) {
      const answer = await this.#line.send({ ...request, path: this.#hop.path });
      this.#steps.reachHttp(answer.statusCode, this.#line.secure);
      const fields = ["location", fieldOf(answer, "location")];
      const onward = redirection(answer.statusCode, fields, this.#hop, request.method);
      if (onward === undefined) return answer;
      if (onward.hop === undefined || this.#redirects >= redirectsMax) {
        throw new Problem(
          "unavailable",
          `redirects to ${onward.location.slice(0, 500)}, which is not followed`,
        );
      }
      for await (const chunk of answer.body) spend(this, chunk);
      this.#redirects += 1;
      this.#steps.redirected(onward.location);
      const moves = onward.hop.origin !== this.#hop.origin;
      this.#hop = onward.hop;
      if (moves) this.#line = this.#open();
    }
  }

  #open(): DirectLine {
    const reached = (stage: Parameters<ConnectionSteps["reach"]>[0]) => this.#steps.reach(stage);
    return this.#lines.use(new DirectLine(this.#egress, this.#hop.origin, reached));
  }
}
