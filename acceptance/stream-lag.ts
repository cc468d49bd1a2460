/** Q3: how long an event takes from the server to its client, over many streams at once; and how long without us. */
import { setTimeout as sleep } from "node:timers/promises";
import { type EventUpstream, startEventUpstream } from "./event-upstream.ts";
import { HostProcess } from "./host-process.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { quantile } from "./steady-load.ts";
import { StreamClient } from "./stream-client.ts";

const streams = 500;
const paceMs = 500;
const p99MaxMs = 100;
const longestMs = 250;

export async function streamLag(run: Run): Promise<void> {
  const seconds = run.amount("seconds", 60, 15, "seconds");
  await using scratch = await makeScratch("lag");
  await using upstream = await startEventUpstream();
  await using host = await HostProcess.start({ dataDir: scratch.path });
  const server = await host.api.addServer("events", upstream.url);
  const direct = await measure(upstream, upstream.url, Math.min(seconds, 10));
  run.note(`direct: ${shown(direct)}`);
  const proxied = await measure(upstream, `${host.url}/p/${server.slug}`, seconds);
  const p99 = quantile(proxied.lagsMs, 0.99);
  const longest = quantile(proxied.lagsMs, 1);
  run.check(
    `an event takes ≤ ${p99MaxMs} ms in 99 of 100 cases, ≤ ${longestMs} ms always, over ${streams} streams`,
    shown(proxied),
    p99 <= p99MaxMs && longest <= longestMs,
  );
  run.check(
    "every event arrives, once",
    `${proxied.lagsMs.length} of ${proxied.sent}`,
    proxied.sent > 0 && proxied.lagsMs.length === proxied.sent,
  );
}

interface Lags {
  readonly lagsMs: readonly number[];
  readonly sent: number;
}

async function measure(upstream: EventUpstream, url: string, seconds: number): Promise<Lags> {
  const lagsMs: number[] = [];
  const before = upstream.events;
  const clients = Array.from({ length: streams }, () => {
    let rest = "";
    return new StreamClient(`${url}?pace=${paceMs}`, (text) => {
      const events = (rest + text).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) {
        const [, sentAtMs] = /"sentAtMs":([\d.]+)/.exec(event) ?? [];
        if (sentAtMs) lagsMs.push(performance.now() - Number(sentAtMs));
      }
    });
  });
  await Promise.all(clients.map(({ opened }) => opened));
  await sleep(seconds * 1_000);
  const sent = () => upstream.events - before;
  // What was sent in the last moment is still to come.
  const last = sent();
  for (let waits = 0; waits < 100 && lagsMs.length < last; waits += 1) await sleep(10);
  const lags = { lagsMs: lagsMs.slice(0, last), sent: last };
  for (const { socket } of clients) socket.destroy();
  for (let waits = 0; waits < 500 && upstream.open > 0; waits += 1) await sleep(10);
  return lags;
}

function shown({ lagsMs }: Lags): string {
  const [p50, p99, longest] = [0.5, 0.99, 1].map((part) => quantile(lagsMs, part).toFixed(1));
  return `p50 ${p50}, p99 ${p99}, longest ${longest} ms of ${lagsMs.length} events`;
}
