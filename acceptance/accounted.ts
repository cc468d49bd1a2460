/** Q13, which holds in every run: the host's account, the upstream's tally and the log agree to the unit. */
import { until } from "../test/e2e/until.ts";
import type { EchoUpstream } from "./echo-upstream.ts";
import { type CallAccount, difference, readAccount, shown } from "./figures.ts";
import type { HostProcess } from "./host-process.ts";
import type { Run } from "./run.ts";
import type { LoadCall } from "./steady-load.ts";

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

/** Checks a host at rest, fresh when `calls` began, all of which went to one server. */
export async function checkAccount(
  run: Run,
  host: HostProcess,
  { upstream, serverId, calls }: Told,
): Promise<CallAccount> {
  const account = await readAccount(host.url);
  const count = await host.api.count({ server_id: serverId });
  run.check(
    "Q13 accepted = stored + shed + discarded + pending + dropped",
    `difference ${difference(account)} (${shown(account)})`,
    difference(account) === 0,
  );
  // Nobody but the host can tell whether a call that failed had reached it.
  const failed = calls.filter(({ failure }) => failure !== undefined).length;
  const noticed = account.accepted + account.unseen;
  run.check(
    "Q13 accepted + not seen for lack of room = requests the upstream saw",
    `${account.accepted} + ${account.unseen} and ${upstream.requests}${failed > 0 ? `; ${failed} calls failed on their way` : ""}`,
    noticed >= upstream.requests && noticed <= upstream.requests + failed,
  );
  run.check(
    "Q13 stored + shed = calls/count",
    `${account.stored + account.shed} and ${count}`,
    account.stored + account.shed === count,
  );
  return account;
}

/** What others know of the calls. */
export interface Told {
  readonly upstream: EchoUpstream;
  readonly serverId: string;
  readonly calls: readonly LoadCall[];
}
