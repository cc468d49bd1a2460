/**
 * `/metrics`: the host's own figures in Prometheus' text form. Stages keep plain numbers; this
 * module alone knows how they are called outside. No label comes from traffic.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { DistributionCounts } from "../distribution.ts";

/** One figure: a number, numbers by the values of one label, or how long things took. */
export type Figure = NumberFigure | SpanFigure;

interface Named {
  readonly name: string;
  readonly help: string;
}

export interface NumberFigure extends Named {
  readonly kind: "counter" | "gauge";
  readonly value:
    | number
    | { readonly label: string; readonly values: Readonly<Record<string, number>> };
}

export interface SpanFigure extends Named {
  readonly kind: "histogram";
  readonly value: DistributionCounts;
}

/** Of the delay of timers that the process' own figures tell; 10 ms, the default, costs 0.4 % of a core, this half. */
const eventLoopMonitoringPrecision = 20;

export class MetricsPage {
  readonly #read: () => Promise<readonly Figure[]>;
  readonly #process = new Registry();

  /** Reads the figures anew for each page. */
  constructor(read: () => Promise<readonly Figure[]>) {
    this.#read = read;
    collectDefaultMetrics({ register: this.#process, eventLoopMonitoringPrecision });
  }

  get contentType(): string {
    return this.#process.contentType;
  }

  async render(): Promise<string> {
    const registry = new Registry();
    const spans: string[] = [];
    for (const figure of await this.#read()) {
      if (figure.kind === "histogram") spans.push(spanText(figure));
      else add(registry, figure);
    }
    const own = [await registry.metrics(), ...spans].join("\n");
    return `${own}\n${await this.#process.metrics()}`;
  }
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/: seconds, each bucket with all below it. */
function spanText({ name, help, value }: SpanFigure): string {
  const { untilMs, counts, sumMs } = value;
  let below = 0;
  const buckets = counts.map((count, at) => {
    below += count;
    const until = untilMs[at];
    return `${name}_bucket{le="${until === undefined ? "+Inf" : until / 1_000}"} ${below}`;
  });
  const totals = [`${name}_sum ${sumMs / 1_000}`, `${name}_count ${below}`];
  return [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...buckets, ...totals, ""].join(
    "\n",
  );
}

function add(registry: Registry, { name, help, kind, value }: NumberFigure): void {
  const single = typeof value === "number";
  const options = { name, help, labelNames: single ? [] : [value.label], registers: [registry] };
  const metric = kind === "counter" ? new Counter(options) : new Gauge(options);
  if (single) metric.inc(value);
  else
    for (const [key, count] of Object.entries(value.values))
      metric.inc({ [value.label]: key }, count);
}
