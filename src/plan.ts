/** What a team may use. An installation has a table of plans; a team is on one of them. 0 is no limit throughout. */

export interface Plan {
  /** 1 to 40 characters, lower case. */
  readonly name: string;
  readonly serversMax: number;
  readonly keysMax: number;
  /** Exchanges through the proxy in a calendar month, UTC. */
  readonly callsPerMonth: number;
  /** Of the team's calls; never longer than the installation keeps any. */
  readonly retentionDays: number;
  readonly apiRequestsPerMinute: number;
}
