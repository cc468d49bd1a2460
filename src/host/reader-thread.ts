/**
 * Entry of the reader thread: answers queries of the call log on a connection of its own and with less of a claim to
 * the processor than the other threads, so that none of them holds up the data plane or a commit. Nor do its locks:
 * a reader of a WAL holds up no writer.
 */
import type { CallLog } from "../store/call-log.ts";
import { giveWay } from "./give-way.ts";
import { serveMethods } from "./remote.ts";
import { readMethods } from "./remote-call-log.ts";
import { openCallLog } from "./stores.ts";
import { openThreadPort } from "./thread-port.ts";

export interface ReaderData {
  readonly callsUrl: string;
  readonly dataDir: string;
}

const { port, data, log } = openThreadPort<ReaderData>();
let calls: CallLog;

serveMethods(port, {
  open: () => {
    giveWay(log);
    calls = openCallLog(data.callsUrl, data.dataDir, "read");
  },
  ...readMethods(() => calls),
});
