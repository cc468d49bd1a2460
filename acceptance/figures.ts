/** `/metrics` read back, and whether the calls in it add up. */
export interface CallAccount {
  readonly accepted: number;
  readonly stored: number;
  readonly shed: number;
  readonly discarded: number;
  /** In memory and on disk. */
  readonly pending: number;
  readonly dropped: number;
  /** Exchanges that capture had no room to look at; no calls were made of them. */
  readonly unseen: number;
}

/** Sums of the samples of each name, whatever their labels. */
export async function readFigures(url: string): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`/metrics answered ${response.status}`);
  const sums = new Map<string, number>();
  for (const line of (await response.text()).split("\n")) {
    const [, name, value] = /^(hookwatch_\w+)(?:\{.*\})? (\S+)$/.exec(line) ?? [];
    if (name) sums.set(name, (sums.get(name) ?? 0) + Number(value));
  }
  return sums;
}

export async function readAccount(url: string): Promise<CallAccount> {
  const figures = await readFigures(url);
  const sum = (pattern: RegExp) =>
    [...figures].reduce((all, [name, value]) => all + (pattern.test(name) ? value : 0), 0);
  return {
    accepted: sum(/^hookwatch_calls_accepted_total$/),
    stored: sum(/^hookwatch_calls_stored_total$/),
    shed: sum(/^hookwatch_calls_bodies_shed_total$/),
    discarded: sum(/^hookwatch_calls_discarded_total$/),
    pending: sum(/^hookwatch_calls_pending(_\w+)?$/),
    dropped: sum(/^hookwatch_calls_dropped_total$/),
    unseen: sum(/^hookwatch_exchanges_dropped_total$/),
  };
}

/** Of bodies that were left out before the recorder saw them; their calls are in the log, marked as truncated. NaN: nobody tells. */
export async function readSkippedBytes(url: string): Promise<number> {
  return (await readFigures(url)).get("hookwatch_body_bytes_skipped_total") ?? Number.NaN;
}

/** 0 when every accepted call is somewhere, to the unit. */
export function difference(account: CallAccount): number {
  const { accepted, stored, shed, discarded, pending, dropped } = account;
  return accepted - stored - shed - discarded - pending - dropped;
}

export function shown(account: CallAccount): string {
  return Object.entries(account)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}
