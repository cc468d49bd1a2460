/** The figures as Markdown, beside what is demanded of them. */
import { head, ms, quantile, row } from "./spent.ts";
import type { PathReport } from "./store-path.ts";
import { type QuestionKind, questions } from "./store-questions.ts";
import type {
  Answered,
  ColdReport,
  HotReport,
  LoadedReport,
  RemovalReport,
} from "./store-reader.ts";
import type { Seeded } from "./store-seed.ts";

export interface Measured {
  readonly folder: string;
  readonly seeded: Seeded;
  readonly hot: HotReport;
  /** Empty when nothing was asked cold. */
  readonly cold: readonly ColdReport[];
  readonly wide: readonly (number | undefined)[];
}

interface Target {
  readonly p95MaxMs: number;
  readonly coldMaxMs?: number;
  /** From the smaller log to one ten times as large. */
  readonly grows?: boolean;
}

const targets: Readonly<Partial<Record<QuestionKind, Target>>> = {
  list: { p95MaxMs: 50, coldMaxMs: 300, grows: true },
  offset: { p95MaxMs: 50 },
  get: { p95MaxMs: 5, grows: true },
  count: { p95MaxMs: 50, grows: true },
  metrics: { p95MaxMs: 50, grows: true },
  text: { p95MaxMs: 300 },
};
/** Below that a ratio tells of the clock, not of the log. */
const ratioFromMs = 2;

export function ingestTable(all: readonly Seeded[]): string {
  const lines = [
    head([
      "appended through the store",
      "calls/s",
      "CPU µs/call",
      "commit p50 ms",
      "p99 ms",
      "bytes/call",
      "of raw",
    ]),
  ];
  for (const { facts, log, wide, logBytes, wideBytes, rawBytes } of all) {
    const raw = rawBytes / facts.rows;
    const line = (name: string, spent: Seeded["log"], bytes: number) =>
      row([
        name,
        ms(facts.rows / (spent.wallMs / 1_000)),
        ((spent.cpuMs * 1_000) / facts.rows).toFixed(1),
        ms(quantile(spent.turnsMs, 0.5)),
        ms(quantile(spent.turnsMs, 0.99)),
        ms(bytes / facts.rows),
        (bytes / facts.rows / raw).toFixed(2),
      ]);
    lines.push(line(`call log, ${ms(facts.rows)} of ${ms(raw)} bytes`, log, logBytes));
    if (wide) lines.push(line("wide table, the same calls", wide, wideBytes));
  }
  const [{ log, wide, logBytes, wideBytes } = {} as Partial<Seeded>] = all;
  const ratio =
    log && wide
      ? `Ingest ${(wide.wallMs / log.wallMs).toFixed(2)} × the wide table (≥ 1.2 wanted), size ${((logBytes ?? 0) / (wideBytes || 1)).toFixed(2)} ×. `
      : "";
  const tidied = all.map(({ sweepMs }) => `${ms(sweepMs / 1_000)} s`).join(" and ");
  return `${lines.join("\n")}\n\n${ratio}Wanted: ≥ 50,000 calls/s, ≤ 20 µs, ≤ 0.40 of raw with full bodies. Tidying afterwards took ${tidied}.`;
}

export function pathTable({
  calls,
  wallMs,
  cpuMs,
  dataPlaneCpuMs,
  shed,
  dropped,
}: PathReport): string {
  return [
    head([
      "the whole write path, from bytes to disk",
      "calls/s",
      "CPU µs/call",
      "of it data plane",
      "shed",
      "lost",
    ]),
    row([
      `slab, capture, queue, commit: ${ms(calls)} calls`,
      ms(calls / (wallMs / 1_000)),
      ((cpuMs * 1_000) / calls).toFixed(1),
      ((dataPlaneCpuMs * 1_000) / calls).toFixed(1),
      shed,
      dropped,
    ]),
  ].join("\n");
}

export function questionTable(one: Measured, other: Measured | undefined): string {
  const columns = (measured: Measured) => {
    const rows = short(measured.seeded.facts.rows);
    return [
      `${rows} ${measured.seeded.facts.bodies}: p50`,
      "p95",
      ...(measured.cold.length > 0 ? ["cold"] : []),
    ];
  };
  const growth = other ? other.seeded.facts.rows / one.seeded.facts.rows : 1;
  const lines = [
    head([
      "milliseconds",
      "wide table p50",
      ...columns(one),
      ...(other ? columns(other) : []),
      ...(growth > 1 ? ["growth"] : []),
      "target",
    ]),
  ];
  for (const [at, { name, kind }] of questions.entries()) {
    const cells = (measured: Measured) => {
      const { p50, p95, failure } = measured.hot.answers[at] ?? {
        p50: Number.NaN,
        p95: Number.NaN,
      };
      const cold = measured.cold[at];
      return [failure ? "fails" : ms(p50), ms(p95), ...(cold ? [ms(cold.askMs)] : [])];
    };
    const ratio = growthOf(one.hot.answers[at], other?.hot.answers[at]);
    lines.push(
      row([
        name,
        ms(one.wide[at] ?? Number.NaN),
        ...cells(one),
        ...(other ? cells(other) : []),
        ...(growth > 1 ? [ratio.toFixed(1)] : []),
        judge(kind, at, one, other),
      ]),
    );
  }
  const all = other ? [one, other] : [one];
  const opening = all.flatMap(({ cold }) => cold.map(({ openMs }) => openMs));
  const failures = all.flatMap(({ hot }) =>
    hot.answers.flatMap(({ failure }, at) =>
      failure ? [`${questions[at]?.name}: ${failure}`] : [],
    ),
  );
  return [
    lines.join("\n"),
    "",
    `Opening the log cold: ${ms(quantile(opening, 0.5))} ms. A process that has asked all this holds ${all.map(({ hot }) => hot.rssMiB.toFixed(0)).join(" and ")} MiB.`,
    ...failures,
  ].join("\n");
}

export function loadedTable({ hot, seeded }: Measured, loaded: LoadedReport): string {
  const lines = [
    head([
      `${short(seeded.facts.rows)} ${seeded.facts.bodies}, milliseconds`,
      "idle p95",
      "while writing p95",
      "ratio",
      "≤ 2 ×",
    ]),
  ];
  for (const [at, { name }] of questions.entries()) {
    const [idle, busy] = [
      hot.answers[at]?.p95 ?? Number.NaN,
      loaded.answers[at]?.p95 ?? Number.NaN,
    ];
    const ratio = Math.max(busy, ratioFromMs) / Math.max(idle, ratioFromMs);
    lines.push(
      row([name, ms(idle), ms(busy), ratio.toFixed(1), ratio <= 2 ? "met" : "**missed**"]),
    );
  }
  const { quietCommitP99, askedCommitP99, commits, rssMiB } = loaded;
  const change = (askedCommitP99 / quietCommitP99 - 1) * 100;
  return `${lines.join("\n")}\n\nCommits of 50 calls: p99 ${ms(quietCommitP99)} ms without questions, ${ms(askedCommitP99)} ms with them (${change >= 0 ? "+" : ""}${change.toFixed(0)} %; ± 20 % wanted), of ${commits}. Writer and reader in one process: ${rssMiB.toFixed(0)} MiB.`;
}

export function removalTable({ seeded }: Measured, { rows, removed }: RemovalReport): string {
  const lines = [
    head([
      `of ${short(seeded.facts.rows)} calls`,
      "took ms",
      "longest wait of an append ms",
      "of a reader ms",
    ]),
    ...rows.map(({ what, tookMs, writerMaxMs, readerMaxMs }) =>
      row([what, ms(tookMs), ms(writerMaxMs), ms(readerMaxMs)]),
    ),
  ];
  return `${lines.join("\n")}\n\nThe server had ${ms(removed)} calls. Waits of ≤ 50 ms are wanted; the first line says what the machine adds.`;
}

function judge(kind: QuestionKind, at: number, one: Measured, other: Measured | undefined): string {
  const target = targets[kind];
  if (!target) return "";
  const p95 = Math.max(...[one, other].map((measured) => measured?.hot.answers[at]?.p95 ?? 0));
  const cold = Math.max(...[one, other].map((measured) => measured?.cold[at]?.askMs ?? 0));
  const grows = target.grows === true && growthOf(one.hot.answers[at], other?.hot.answers[at]) > 2;
  const missed = [
    ...(p95 <= target.p95MaxMs ? [] : [`> ${target.p95MaxMs}`]),
    ...(target.coldMaxMs && cold > target.coldMaxMs ? [`cold > ${target.coldMaxMs}`] : []),
    ...(grows ? ["growth > 2"] : []),
  ];
  return missed.length === 0 ? `≤ ${target.p95MaxMs} met` : `**missed: ${missed.join(", ")}**`;
}

function growthOf(one: Answered | undefined, other: Answered | undefined): number {
  return Math.max(other?.p50 ?? 0, ratioFromMs) / Math.max(one?.p50 ?? 0, ratioFromMs);
}

function short(rows: number): string {
  return rows >= 1_000_000 ? `${rows / 1_000_000} M` : `${rows / 1_000} k`;
}
