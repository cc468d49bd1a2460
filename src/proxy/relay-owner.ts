/** Where relays run, and what that sees of them. */
import type { ExchangeOutcome } from "../exchange.ts";
import type { Placed } from "../fleeting.ts";
import type { Failure } from "./failure.ts";
import type { KeptBytes } from "./intake.ts";
import type { Journey } from "./journey.ts";
import type { Line } from "./line.ts";
import type { Durable } from "./outlet.ts";
import type { Passage } from "./passage.ts";

/** One exchange under way. */
export interface OpenRelay extends Placed {
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly journey: Journey;
  /** Of the team that it counts for; undefined for one that goes to no upstream. */
  readonly teamId: string | undefined;
}

/** What an exchange needs from where it runs. */
export interface RelayOwner {
  readonly requestMaxBytes: number;
  readonly kept: KeptBytes;
  /** Absent: answers end when the upstream's do. */
  readonly durable?: Durable | undefined;
  /** Monotonic. */
  now(): number;
  /** To where the passage leads now. */
  dial(passage: Passage): Line | undefined;
  /** Called once, when the outcome is certain. */
  settled(relay: OpenRelay, outcome: ExchangeOutcome, failure: Failure | undefined): void;
  /** Called once after `settled`, when nothing of the exchange is left. */
  gone(relay: OpenRelay): void;
}
