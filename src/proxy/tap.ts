/**
 * Lets a witness look at an exchange without a say in its fate.
 *
 * In: what the forwarder sees in passing. Out: the same, to the witness. A witness that throws is
 * reported once and not called again; the exchange goes on. Holds nothing.
 */
import type {
  ExchangeEnd,
  ExchangeOpening,
  ExchangeWitness,
  UpstreamTimes,
  Watch,
} from "../exchange.ts";

export class Tap implements ExchangeWitness {
  #witness: ExchangeWitness | undefined;
  readonly #onFault: (cause: unknown) => void;

  constructor(watch: Watch, opening: ExchangeOpening, onFault: (cause: unknown) => void) {
    this.#onFault = onFault;
    try {
      this.#witness = watch(opening);
    } catch (cause) {
      this.#fault(cause);
    }
  }

  request(chunk: Uint8Array): void {
    try {
      this.#witness?.request(chunk);
    } catch (cause) {
      this.#fault(cause);
    }
  }

  requestEnd(): void {
    try {
      this.#witness?.requestEnd();
    } catch (cause) {
      this.#fault(cause);
    }
  }

  upstream(times: UpstreamTimes): void {
    try {
      this.#witness?.upstream(times);
    } catch (cause) {
      this.#fault(cause);
    }
  }

  head(statusCode: number, rawHeaders: readonly string[]): void {
    try {
      this.#witness?.head(statusCode, rawHeaders);
    } catch (cause) {
      this.#fault(cause);
    }
  }

  response(chunk: Uint8Array): void {
    try {
      this.#witness?.response(chunk);
    } catch (cause) {
      this.#fault(cause);
    }
  }

  end(end: ExchangeEnd): void {
    try {
      this.#witness?.end(end);
    } catch (cause) {
      this.#fault(cause);
    }
  }

  #fault(cause: unknown): void {
    this.#witness = undefined;
    this.#onFault(cause);
  }
}

/** For requests that belong to no server, or must not be looked at. */
export const blind: ExchangeWitness = {
  request() {},
  requestEnd() {},
  upstream() {},
  head() {},
  response() {},
  end() {},
};
