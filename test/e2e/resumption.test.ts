/** A stream that ends amid a call is gone on with by its client; in the log it stays the one call that it is. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CallRow } from "./api.ts";
import { connect, type TestClient } from "./clients.ts";
import { type Cutter, startCutter } from "./cutter.ts";
import { type ResumableUpstream, startResumable } from "./resumable-upstream.ts";
import { rigForFile } from "./rig.ts";
import { Signals } from "./signals.ts";
import { until } from "./until.ts";

const rig = rigForFile();
const signals = new Signals();
let upstream: ResumableUpstream;

beforeAll(async () => {
  upstream = await startResumable(signals);
});
afterAll(() => upstream[Symbol.asyncDispose]());

const clientKinds = ["v1", "v2 legacy"] as const;

/** How the stream ends after its first step. */
type Ending = (label: string, cutter: Cutter) => Promise<void>;

const closed: Ending = async (label) => signals.raise(`${label} 2`);

const cut: Ending = async (label, cutter) => {
  cutter.cut();
  signals.raise(`${label} 2`);
};

/** The step is on its way when its stream breaks: whoever is before the break has seen it. */
const cutWithLoss: Ending = async (label, cutter) => {
  cutter.hold();
  signals.raise(`${label} 2`);
  await cutter.held("logged 2");
  cutter.cut();
};

const endings: readonly (readonly [string, Ending, closeAfter: number])[] = [
  ["closed by the server", closed, 1],
  ["cut", cut, 0],
  ["cut with a message on its way", cutWithLoss, 0],
];

interface Told {
  readonly steps: readonly unknown[];
  readonly answer: unknown;
  readonly logged: readonly unknown[];
}

async function count(
  client: TestClient,
  end: Ending,
  closeAfter: number,
  cutter: Cutter,
): Promise<Told> {
  const label = randomUUID();
  const steps: unknown[] = [];
  const onProgress = (progress: unknown) => void steps.push(progress);
  await client.listen();
  const answer = client.callTool("count", { label, closeAfter }, { onProgress });
  signals.raise(`${label} 1`);
  await client.hear(1);
  await end(label, cutter);
  await until(
    "the client to go on",
    5_000,
    () => resumptions(client),
    (all) => all.length > 0,
  );
  signals.raise(`${label} 3`);
  await client.hear(3);
  signals.raise(`${label} answer`);
  return { steps, answer: await answer, logged: client.heard };
}

/** GETs that the server answered with the rest of a stream. */
function resumptions({ wire }: TestClient) {
  return wire.exchanges.filter(
    ({ requestHeaders, status }) => requestHeaders["last-event-id"] && status === 200,
  );
}

const expected = {
  steps: [1, 2, 3].map((step) => ({ progress: step, message: `step ${step}` })),
  answer: { content: [{ type: "text", text: expect.stringMatching(/^counted /) }] },
  logged: [1, 2, 3].map((step) =>
    expect.objectContaining({ params: { level: "info", data: `logged ${step}` } }),
  ),
};

describe.for(clientKinds)("a %s client", (kind) => {
  test.for(endings)(
    "gets the rest of a stream that is %s, without us",
    async ([, end, closeAfter]) => {
      await using cutter = await startCutter(upstream.port);
      await using client = await connect(kind, `http://127.0.0.1:${cutter.port}/mcp`);
      expect(await count(client, end, closeAfter, cutter)).toEqual(expected);
    },
  );

  test.for(endings)(
    "gets the rest of a stream that is %s before us, and it is one call",
    async ([, end, closeAfter]) => {
      await using cutter = await startCutter(upstream.port);
      const { server, url } = await rig().register(`http://127.0.0.1:${cutter.port}/mcp`);
      await using client = await connect(kind, url);
      expect(await count(client, end, closeAfter, cutter)).toEqual(expected);
      await expectLog(server.id, client);
    },
  );

  test.for(endings)(
    "gets the rest of a stream that is %s behind us, and it is one call",
    async ([, end, closeAfter]) => {
      await using cutter = await startCutter(rig().port);
      const { server } = await rig().register(upstream.url);
      await using client = await connect(kind, `http://127.0.0.1:${cutter.port}/p/${server.slug}`);
      expect(await count(client, end, closeAfter, cutter)).toEqual(expected);
      await expectLog(server.id, client);
    },
  );
});

async function expectLog(serverId: string, client: TestClient): Promise<void> {
  const isTool = ({ method }: CallRow) => method === "tools/call";
  await rig().untilCalls({ server_id: serverId }, (all) => all.some(isTool));
  await client[Symbol.asyncDispose]();
  const gets = client.wire.exchanges.filter(
    ({ method, status }) => method === "GET" && status === 200,
  );
  const isGet = ({ method }: CallRow) => method === "GET";
  const calls = await rig().untilCalls(
    { server_id: serverId },
    (all) => all.filter(isGet).length >= gets.length,
  );

  const [call, ...doubles] = calls.filter(isTool);
  expect(doubles).toEqual([]);
  expect(call).toMatchObject({
    status: "success",
    error_kind: "",
    tool_name: "count",
    status_code: 200,
    result_type: "complete",
  });
  const { id, duration_ms, response_body } = call ?? { id: "", duration_ms: 0, response_body: "" };
  expect(JSON.parse(response_body)).toMatchObject({ result: expected.answer });
  const messages = await rig().api.messages(id);
  expect(messages.map(({ body }) => told(JSON.parse(body).params))).toEqual(
    [1, 2, 3].flatMap((step) => [`step ${step}`, `logged ${step}`]),
  );
  const offsets = messages.map(({ offset_ms }) => offset_ms);
  expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
  expect(offsets.at(-1)).toBeLessThanOrEqual(duration_ms);

  expect(
    calls
      .map(({ kind, method }) => `${kind} ${method}`)
      .filter((name) => !name.endsWith(" GET"))
      .sort(),
  ).toEqual(["notification notifications/initialized", "request initialize", "request tools/call"]);
  // The streams themselves, as they went: those that named an event among them, with its id.
  const lastIds = gets.map(({ requestHeaders }) => requestHeaders["last-event-id"]);
  expect(
    calls
      .filter(isGet)
      .map(({ headers }) => headers["last-event-id"])
      .sort(),
  ).toEqual(lastIds.sort());
}

function told({
  message,
  data,
}: {
  readonly message?: string;
  readonly data?: string;
}): string | undefined {
  return message ?? data;
}
