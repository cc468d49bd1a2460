/**
 * The promises of `src/store/call-log.ts`, as tests. Each driver runs all of them: `open` resolves to an
 * empty log. What a file, a network or a cluster promises beside is the driver's own test.
 */
import { aborting } from "./call-log/aborting.ts";
import { appending } from "./call-log/appending.ts";
import { filtering } from "./call-log/filtering.ts";
import { following } from "./call-log/following.ts";
import { grouping } from "./call-log/grouping.ts";
import { growing } from "./call-log/growing.ts";
import { losing } from "./call-log/losing.ts";
import { metrics } from "./call-log/metrics.ts";
import { paging } from "./call-log/paging.ts";
import { removing } from "./call-log/removing.ts";
import type { OpenCallLog } from "./call-log/walks.ts";

export function callLogContract(open: OpenCallLog): void {
  appending(open);
  paging(open);
  following(open);
  filtering(open);
  grouping(open);
  metrics(open);
  removing(open);
  losing(open);
  aborting(open);
  growing(open);
}
