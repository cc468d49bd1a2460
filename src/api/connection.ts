/** What a request came on, and what can be done with that while an answer goes on and on. */
import type { Caller } from "../caller.ts";

/** Of a request that nobody in particular made. */
export interface OpenConnection {
  /** The client's address, behind trusted proxies too. */
  readonly sourceIp: string;
}

export interface Connection extends OpenConnection {
  readonly caller: Caller;
  /**
   * A caller as a member of another team.
   *
   * @throws Problem `resource_not_found` — it is none of the caller's, or not that of the API key.
   */
  readonly inTeam: (caller: Caller, teamId: string) => Promise<Caller>;
  /**
   * The caller as of now.
   *
   * @throws Problem `invalid_token` — the credential is good no more.
   * @throws Problem `forbidden` — the caller may do less than before.
   */
  readonly recheck: () => Promise<Caller>;
  /** Tells the operator of what an answer that had begun failed of. */
  readonly report: (cause: unknown) => void;
  /** Ends the connection as if it had died, so that what was sent cannot look whole; absent where there is none, as in tests. */
  readonly cut?: () => void;
}
