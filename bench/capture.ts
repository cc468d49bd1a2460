/**
 * What capturing one small call costs: CPU on the data-plane thread (writer) and on the recorder
 * thread (capture), each alone, for a JSON answer and for an event stream.
 *
 *     node bench/capture.ts [seconds a case, default 1]
 */
import { Capture } from "../src/capture/capture.ts";
import { SlabWriter } from "../src/capture/slab.ts";
import { systemClock } from "../src/clock.ts";
import type { Watch } from "../src/exchange.ts";
import { idsByTime } from "../src/id.ts";
import { silentLog } from "../src/telemetry.ts";

const seconds = Number(process.argv[2] ?? 1);
if (!(seconds > 0)) {
  console.error(`capture: "${process.argv[2]}" is no number of seconds`);
  process.exit(2);
}

const request = Buffer.from(
  JSON.stringify({
    jsonrpc: "2.0",
    id: 7,
    method: "tools/call",
    params: { name: "search", arguments: { query: "x".repeat(250), limit: 10 } },
  }),
);
const answer = JSON.stringify({
  jsonrpc: "2.0",
  id: 7,
  result: { content: [{ type: "text", text: "Lorem ipsum dolor sit amet. ".repeat(34) }] },
});
const bodies = {
  json: { type: "application/json", bytes: Buffer.from(answer) },
  stream: { type: "text/event-stream", bytes: Buffer.from(`event: message\ndata: ${answer}\n\n`) },
};
const rawHeaders = [
  ["Host", "127.0.0.1:7070"],
  ["Connection", "keep-alive"],
  ["Content-Type", "application/json"],
  ["Accept", "application/json, text/event-stream"],
  ["User-Agent", "claude-code/2.3.1"],
  ["Mcp-Session-Id", "3f2a9c1e-5d1c-4b6e-9a65-3d1f6a1a7c55"],
  ["MCP-Protocol-Version", "2025-11-25"],
  ["Authorization", `Bearer ${"t0k3n".repeat(20)}`],
  ["Accept-Language", "*"],
  ["Sec-Fetch-Mode", "cors"],
  ["Accept-Encoding", "gzip, deflate"],
  ["Content-Length", String(request.length)],
].flat();

function exchange(watch: Watch, { type, bytes }: { type: string; bytes: Buffer }): void {
  const witness = watch({
    serverId: "0199f3a0-0000-7000-8000-000000000001",
    teamId: "0199f3a0-0000-7000-8000-0000000000aa",
    startedAtMs: Date.now(),
    method: "POST",
    path: "",
    rawHeaders,
    sourceIp: "192.0.2.7",
    captureLevel: "redacted",
  });
  witness.request(request);
  witness.requestEnd();
  witness.head(200, ["Content-Type", type, "Date", "Sat, 21 Nov 2026 12:00:00 GMT"]);
  witness.response(bytes);
  witness.end({ outcome: "complete", reason: "" });
}

/** Microseconds of CPU for one turn, the median of nine rounds. */
function measure(turn: () => void, callsPerTurn: number): number {
  const rounds: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    const until = performance.now() + (seconds * 1_000) / 9;
    const before = process.cpuUsage();
    let calls = 0;
    while (performance.now() < until) {
      turn();
      calls += callsPerTurn;
    }
    const { user, system } = process.cpuUsage(before);
    rounds.push((user + system) / calls);
  }
  return rounds.sort((a, b) => a - b)[4] ?? Number.NaN;
}

for (const [name, body] of Object.entries(bodies)) {
  using writer = new SlabWriter((slab) => writer.consumed(slab.byteLength), { clock: systemClock });
  const writing = measure(() => {
    for (let call = 0; call < 100; call += 1) exchange(writer.watch, body);
  }, 100);

  const slabs: Uint8Array[] = [];
  using recording = new SlabWriter((slab) => slabs.push(slab), { clock: systemClock });
  for (let call = 0; call < 1_000; call += 1) exchange(recording.watch, body);
  recording.flush();
  let calls = 0;
  const count = () => {
    calls += 1;
  };
  const capture = new Capture(count, {
    bodyCaptureMaxBytes: 1024 * 1024,
    digestKey: new Uint8Array(32),
    log: silentLog,
    ids: idsByTime(),
  });
  const capturing = measure(() => {
    for (const slab of slabs) capture.see(slab);
  }, 1_000);
  if (calls % 1_000 !== 0 || calls === 0) throw new Error(`${calls} calls`);
  console.log(
    `${name}: ${request.length} B and ${body.bytes.length} B: ` +
      `writer ${writing.toFixed(2)} µs, capture ${capturing.toFixed(2)} µs of CPU a call`,
  );
}
