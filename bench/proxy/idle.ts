/** Compares proxies by their streams: the first event's delay over the direct way, and the memory of silent ones. */
import { head, quantile, row } from "../spent.ts";
import type { Behind, Contender } from "./contender.ts";
import { firstEventMs, idleKib } from "./streams.ts";
import { times } from "./table.ts";

/** What is wanted of the product; a known proxy that adds more shows the machine's part. */
const noiseMs = 1;

export interface FirstEvents {
  /** p99 through the product less p99 direct, ms. */
  readonly addedP99Ms: number;
  /** The reference adds as much as is wanted of us, or the direct way takes ten times as long once in a hundred times. */
  readonly isNoisy: boolean;
}

/** In turns; the first contender is the reference, the last the product. */
export async function compareFirstEvents(
  { streams }: Behind,
  contenders: readonly Contender[],
  count: number,
): Promise<FirstEvents> {
  console.log(`## First event of ${count} streams, one after another\n`);
  const urls = [
    ["direct", `http://127.0.0.1:${streams}/mcp`] as const,
    ...contenders.map((one) => [one.name, streamUrl(one)] as const),
  ];
  const timesMs = urls.map(() => [] as number[]);
  for (let at = -20; at < count; at += 1) {
    for (const [which, [, url]] of urls.entries()) {
      const tookMs = await firstEventMs(url);
      if (at >= 0) timesMs[which]?.push(tookMs);
    }
  }
  const [own = []] = timesMs;
  const more = (all: readonly number[], part: number) => quantile(all, part) - quantile(own, part);
  console.log(head(["through", "p50 ms", "p99 ms", "p50 more than direct", "p99 more"]));
  for (const [which, [name]] of urls.entries()) {
    const all = timesMs[which] ?? [];
    const parts = [quantile(all, 0.5), quantile(all, 0.99), more(all, 0.5), more(all, 0.99)];
    console.log(row([name, ...parts.map(times)]));
  }
  console.log("");
  return {
    addedP99Ms: more(timesMs.at(-1) ?? [], 0.99),
    isNoisy:
      more(timesMs[1] ?? [], 0.99) > noiseMs || quantile(own, 0.99) > 10 * quantile(own, 0.5),
  };
}

export interface Idle {
  readonly streams: number;
  readonly productKib: number;
}

/** The last contender is the product. */
export async function compareIdle(
  contenders: readonly Contender[],
  streams: number,
): Promise<Idle> {
  console.log(`## ${streams.toLocaleString("en")} silent streams\n`);
  console.log(head(["through", "KiB each, resident"]));
  let productKib = Number.NaN;
  for (const one of contenders) {
    productKib = await idleKib(streamUrl(one), one.pid, streams);
    console.log(row([one.name, productKib.toFixed(1)]));
  }
  console.log("");
  return { streams, productKib };
}

function streamUrl({ port, streamPath = "/" }: Contender): string {
  return `http://127.0.0.1:${port}${streamPath}`;
}
