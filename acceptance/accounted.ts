/** Q13, which holds in every run: the host's account, the upstream's tally and the log agree to the unit. */
import { until } from "../test/e2e/until.ts";
import type { EchoUpstream } from "./echo-upstream.ts";
import { type CallAccount, difference, readAccount, shown } from "./figures.ts";
import type { HostProcess } from "./host-process.ts";
import type { Run } from "./run.ts";

/** Calls that are pending at any moment under a load of some 200 a second, though the log keeps up. */
export const whileLoaded = 100;

/** Waits until no more than so many calls are pending; resolves to how long that took. */
export async function drained(
  host: HostProcess,
  deadlineMs: number,
  pendingMax = 0,
): Promise<number> {
  const startedMs = performance.now();
  await until(
    "the log to catch up",
    deadlineMs,
    () => readAccount(host.url).catch(() => undefined),
    (account) => account !== undefined && account.pending <= pendingMax,
  );
  return performance.now() - startedMs;
}

/**
 * Checks a host at rest, all of whose calls went to one server.
 *
 * @param before calls that the log held of it when this host started.
 */
export async function checkAccount(
  run: Run,
  host: HostProcess,
  upstream: EchoUpstream,
  serverId: string,
  before: { readonly requests: number; readonly count: number } = { requests: 0, count: 0 },
): Promise<CallAccount> {
  const account = await readAccount(host.url);
  const count = await host.api.count({ server_id: serverId });
  const requests = upstream.requests - before.requests;
  const unseen = account.accepted + account.unseen - requests;
  const unstored = account.stored + account.shed - (count - before.count);
  run.check(
    "Q13 accepted = stored + shed + discarded + pending + dropped",
    `difference ${difference(account)} (${shown(account)})`,
    difference(account) === 0,
  );
  run.check(
    "Q13 accepted + not seen for lack of room = requests the upstream saw",
    `${account.accepted} + ${account.unseen} and ${requests}`,
    unseen === 0,
  );
  run.check(
    "Q13 stored + shed = calls/count",
    `${account.stored + account.shed} and ${count - before.count}`,
    unstored === 0,
  );
  return account;
}
