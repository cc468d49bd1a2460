/**
 * `/metrics`: the host's own figures in Prometheus' text form. Stages keep plain numbers; this
 * module alone knows how they are called outside. No label comes from traffic.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";

/** One figure: a number, or numbers by the values of one label. */
export interface Figure {
  readonly name: string;
  readonly help: string;
  readonly kind: "counter" | "gauge";
  readonly value:
    | number
    | { readonly label: string; readonly values: Readonly<Record<string, number>> };
}

export class MetricsPage {
  readonly #read: () => Promise<readonly Figure[]>;
  readonly #process = new Registry();

  /** Reads the figures anew for each page. */
  constructor(read: () => Promise<readonly Figure[]>) {
    this.#read = read;
    collectDefaultMetrics({ register: this.#process });
  }

  get contentType(): string {
    return this.#process.contentType;
  }

  async render(): Promise<string> {
    const registry = new Registry();
    for (const figure of await this.#read()) add(registry, figure);
    return `${await registry.metrics()}\n${await this.#process.metrics()}`;
  }
}

function add(registry: Registry, { name, help, kind, value }: Figure): void {
  const single = typeof value === "number";
  const options = { name, help, labelNames: single ? [] : [value.label], registers: [registry] };
  const metric = kind === "counter" ? new Counter(options) : new Gauge(options);
  if (single) metric.inc(value);
  else
    for (const [key, count] of Object.entries(value.values))
      metric.inc({ [value.label]: key }, count);
}
