/** Calls as agents make them: 1.6 KB, 50 servers, 200 tools, a few clients, skewed, in order of time. The same each run. */
import type { Call } from "../src/call.ts";
import { idsByTime } from "../src/id.ts";

const words =
  "the city weather forecast sunny cloudy degree wind north report status open closed issue pull request branch commit merge review author title description number label comment created updated repository owner search result page total query filter sort order limit customer invoice amount currency payment method date due paid pending failed retry warning message account email address phone".split(
    " ",
  );
const agents = [
  "claude-code/2.3.1",
  "cursor/0.48.2",
  "vscode/1.99.0",
  "langchain/0.3",
  "inspector/1",
];

export function* sampleCalls(
  teamId: string,
  fromMs: number,
  stepMs: number,
): Generator<Call, never> {
  const random = randomOf(42);
  const newId = idsByTime();
  const below = (count: number) => Math.floor(random() * count);
  /** Small numbers far more often than large ones. */
  const skewed = (count: number) => Math.floor(count * random() ** 2);
  const hex = (length: number) =>
    Array.from({ length: length / 8 }, () =>
      Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, "0"),
    ).join("");
  const text = (length: number) => {
    let all = "";
    while (all.length < length) {
      all += random() < 0.15 ? `${below(1e6)} ` : `${words[below(words.length)]} `;
    }
    return all;
  };
  const servers = Array.from({ length: 50 }, () => newId(fromMs));
  /** Those that are open; now and then one ends and another begins. */
  const sessions = Array.from({ length: 50 }, () => hex(32));
  for (let number = 0; ; number++) {
    const startedAtMs = Math.floor(fromMs + number * stepMs);
    const isTool = random() < 0.9;
    const failed = random() < 0.05;
    const toolName = isTool ? `tool_${skewed(200)}` : "";
    const method = isTool
      ? "tools/call"
      : (["tools/list", "ping", "resources/read"][below(3)] ?? "");
    const agent = agents[skewed(agents.length)] ?? "";
    const traceId = hex(32);
    if (number % 40 === 0) sessions[below(sessions.length)] = hex(32);
    const params = { name: toolName, arguments: { query: text(60 + below(200)), cursor: hex(32) } };
    const result = {
      content: [{ type: "text", text: text(200 + below(700)) }],
      structuredContent: { id: hex(32), total: below(1e9) },
      isError: failed,
    };
    const requestBody = JSON.stringify({ jsonrpc: "2.0", id: number, method, params });
    const responseBody = JSON.stringify({ jsonrpc: "2.0", id: number, result });
    const durationMs = Math.floor(Math.exp(3.5 + 3 * random() + 2 * random() ** 6));
    const id = newId(startedAtMs);
    yield {
      id,
      parentId: "",
      logicalId: id,
      teamId,
      serverId: servers[skewed(servers.length)] ?? "",
      kind: "request",
      direction: "client",
      method,
      toolName,
      rpcId: `${number}`,
      path: "",
      requestBody,
      responseBody,
      status: failed ? "error" : "success",
      resultType: "complete",
      statusCode: 200,
      errorMessage: failed ? text(40) : "",
      errorKind: failed ? "tool" : "",
      errorCode: null,
      durationMs,
      ttfbMs: durationMs - 1,
      sourceIp: `10.0.0.${skewed(250)}`,
      headers: {
        host: "127.0.0.1:7070",
        connection: "keep-alive",
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "accept-encoding": "gzip, deflate, br",
        "content-length": `${requestBody.length}`,
        authorization: `[redacted:bearer:${hex(8)}]`,
        "mcp-protocol-version": "2025-11-25",
        "user-agent": agent,
        traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      },
      headerMismatches: [],
      sessionId: sessions[skewed(sessions.length)] ?? "",
      protocolVersion: "2025-11-25",
      clientName: agent.split("/")[0] ?? "",
      clientVersion: agent.split("/")[1] ?? "",
      requestBytes: requestBody.length,
      responseBytes: responseBody.length,
      requestTruncated: false,
      responseTruncated: false,
      traceId,
      startedAtMs,
      messages: [],
    };
  }
}

/** Numerical Recipes' linear congruential generator: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
