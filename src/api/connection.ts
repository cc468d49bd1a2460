/** What a request came on, and what can be done with that while an answer goes on and on. */
import type { Caller } from "../team.ts";

export interface Connection {
  readonly caller: Caller;
  /** @throws Problem `invalid_token` — the credential is good no more. */
  readonly recheck: () => Promise<void>;
  /** Tells the operator of what an answer that had begun failed of. */
  readonly report: (cause: unknown) => void;
  /** Ends the connection as if it had died, so that what was sent cannot look whole; absent where there is none, as in tests. */
  readonly cut?: () => void;
}
