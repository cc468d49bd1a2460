/**
 * A body that is made while it is sent: as fast as it is taken, and of nothing that is not wanted any more.
 *
 * In: chunks from a generator, which gets a signal that is raised as soon as nobody wants more. Out: the same
 * chunks, each made when the one before has been taken. Guarantees: however it ends, `onEnd` runs once and the
 * generator is over; a body that fails never looks whole, since its connection is cut. Bounds: one chunk
 * waits; a reader that takes none for `stallMaxMs` is cut off.
 */
import { Problem } from "../problem.ts";
import type { Connection } from "./connection.ts";

export interface StreamBodyOptions {
  /** Raised when the client leaves. */
  readonly signal: AbortSignal;
  readonly connection: Pick<Connection, "cut" | "report">;
  readonly stallMaxMs: number;
  readonly onEnd: () => void;
}

export function streamBody(
  produce: (signal: AbortSignal) => AsyncGenerator<Uint8Array>,
  { signal, connection, stallMaxMs, onEnd }: StreamBodyOptions,
): ReadableStream<Uint8Array> {
  const over = new AbortController();
  const chunks = produce(over.signal);
  let stall: NodeJS.Timeout | undefined;

  const end = () => {
    if (over.signal.aborted) return;
    clearTimeout(stall);
    signal.removeEventListener("abort", end);
    over.abort();
    void chunks.return(undefined);
    onEnd();
  };
  const fail = (controller: ReadableStreamDefaultController, cause: unknown) => {
    if (over.signal.aborted) return;
    end();
    if (connection.cut) connection.cut();
    else controller.error(cause);
  };

  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  return new ReadableStream(
    {
      async pull(controller) {
        clearTimeout(stall);
        try {
          const { done, value } = await chunks.next();
          if (over.signal.aborted) return;
          if (done) {
            end();
            controller.close();
            return;
          }
          controller.enqueue(value);
          stall = setTimeout(() => fail(controller, stalled(stallMaxMs)), stallMaxMs);
        } catch (cause) {
          if (!over.signal.aborted) connection.report(cause);
          fail(controller, cause);
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

function stalled(stallMaxMs: number): Problem {
  return new Problem("unavailable", `the reader took nothing for ${stallMaxMs} ms`);
}
