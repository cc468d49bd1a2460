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
  readonly cold: readonly (ColdReport | undefined)[];
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

export function pathTable({ calls, wallMs, cpuMs, byThreadMs, shed, dropped }: PathReport): string {
  const micros = (name: string) => (((byThreadMs[name] ?? Number.NaN) * 1_000) / calls).toFixed(1);
  return [
    head([
      "from bytes to disk",
      "calls/s",
      "CPU µs/call",
      "data plane",
      "recorder",
      "writer",
      "shed",
      "lost",
    ]),
    row([
      `slab, capture, queue, commit: ${ms(calls)} calls`,
      ms(calls / (wallMs / 1_000)),
      ((cpuMs * 1_000) / calls).toFixed(1),
      ...["MainThread", "recorder", "writer"].map(micros),
      shed,
      dropped,
    ]),
    "",
    "The recorder parses, redacts and matches each call; that is no part of what the store is asked to cost. What is left of the sum is V8's own threads.",
  ].join("\n");
}

/** @param tenth a log a tenth as large as `other`, with bodies as small: what growth is measured from. */
export function questionTable(
  one: Measured,
  other: Measured | undefined,
  tenth: HotReport | undefined,
): string {
  const all = other ? [one, other] : [one];
  const isCold = one.cold.length > 0;
  const columns = all.flatMap(({ seeded: { facts } }) => [
    `${short(facts.rows)} ${facts.bodies}: p50`,
    "p95",
    ...(isCold ? ["cold"] : []),
  ]);
  const growth = other && tenth ? ["growth, tenfold"] : [];
  const lines = [head(["milliseconds", "wide table p50", ...columns, ...growth, "target"])];
  for (const [at, { name, kind }] of questions.entries()) {
    const cells = all.flatMap(({ hot, cold }) => {
      const answer = hot.answers[at];
      const figures = [answer?.failure ? "fails" : ms(answer?.p50), ms(answer?.p95)];
      return [...figures, ...(isCold ? [ms(cold[at]?.askMs)] : [])];
    });
    const isAsked = typeof other?.hot.answers[at]?.p50 === "number";
    const ratio = isAsked ? growthOf(tenth?.answers[at], other?.hot.answers[at]) : undefined;
    const grown = growth.map(() => ratio?.toFixed(1) ?? "");
    lines.push(row([name, ms(one.wide[at]), ...cells, ...grown, judge(kind, at, all, ratio)]));
  }
  const opening = all.flatMap(({ cold }) => cold.flatMap((report) => report?.openMs ?? []));
  const resident = all.map(({ hot }) => hot.rssMiB.toFixed(0)).join(" and ");
  return [
    lines.join("\n"),
    "",
    `${isCold ? `Opening the log cold: ${ms(quantile(opening, 0.5))} ms. ` : ""}A process that has asked all this holds ${resident} MiB.`,
    ...all.flatMap(({ hot }) => failuresOf(hot)),
  ].join("\n");
}

function failuresOf({ answers }: HotReport): readonly string[] {
  return answers.flatMap(({ failure }, at) =>
    failure ? [`${questions[at]?.name}: ${failure}`] : [],
  );
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
    const [idle, busy] = [hot.answers[at]?.p95, loaded.answers[at]?.p95];
    if (typeof idle !== "number" || typeof busy !== "number") continue;
    const ratio = Math.max(busy, ratioFromMs) / Math.max(idle, ratioFromMs);
    const verdict = ratio <= 2 ? "met" : "**missed**";
    lines.push(row([name, ms(idle), ms(busy), ratio.toFixed(1), verdict]));
  }
  const { quietCommitP99, askedCommitP99, commits, rssMiB } = loaded;
  const change = (askedCommitP99 / quietCommitP99 - 1) * 100;
  return `${lines.join("\n")}\n\nCommits of 50 calls: p99 ${ms(quietCommitP99)} ms without questions, ${ms(askedCommitP99)} ms with them (${change >= 0 ? "+" : ""}${change.toFixed(0)} %; ± 20 % wanted), of ${commits[0]} and ${commits[1]}. Writer and reader in one process: ${rssMiB.toFixed(0)} MiB.`;
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

function judge(
  kind: QuestionKind,
  at: number,
  all: readonly Measured[],
  growth: number | undefined,
): string {
  const target = targets[kind];
  if (!target) return "";
  const p95 = Math.max(...all.map(({ hot }) => hot.answers[at]?.p95 ?? 0));
  const cold = Math.max(...all.map((measured) => measured.cold[at]?.askMs ?? 0));
  const missed = [
    ...(p95 <= target.p95MaxMs ? [] : [`> ${target.p95MaxMs}`]),
    ...(target.coldMaxMs && cold > target.coldMaxMs ? [`cold > ${target.coldMaxMs}`] : []),
    ...(target.grows && growth !== undefined && growth > 2 ? ["growth > 2"] : []),
  ];
  return missed.length === 0 ? `≤ ${target.p95MaxMs} met` : `**missed: ${missed.join(", ")}**`;
}

function growthOf(one: Answered | undefined, other: Answered | undefined): number {
  return Math.max(other?.p50 ?? 0, ratioFromMs) / Math.max(one?.p50 ?? 0, ratioFromMs);
}

function short(rows: number): string {
  return rows >= 1_000_000 ? `${rows / 1_000_000} M` : `${rows / 1_000} k`;
}
