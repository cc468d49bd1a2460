/**
 * Entry of the reader thread: answers queries of the call log on a connection of its own, so that
 * none of them holds up the data plane or a commit.
 */
import type { CallLog } from "../store/call-log.ts";
import { serveMethods } from "./remote.ts";
import { readMethods } from "./remote-call-log.ts";
import { openCallLog } from "./stores.ts";
import { openThreadPort } from "./thread-port.ts";

export interface ReaderData {
  readonly callsUrl: string;
  readonly dataDir: string;
}

const { port, data } = openThreadPort<ReaderData>();
let calls: CallLog;

serveMethods(port, {
  open: () => {
    calls = openCallLog(data.callsUrl, data.dataDir, "read");
  },
  ...readMethods(() => calls),
});
