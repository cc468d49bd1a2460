/**
 * A long list as JSON, a piece at a time: rendering a thousand calls at once would hold up the exchanges
 * that run in the same thread for a tenth of a second.
 *
 * In: `{ data: […], …rest }`. Out: its bytes, as fast as they are taken, other work getting its turn
 * between two pieces.
 */
import { setImmediate as turn } from "node:timers/promises";

interface List {
  readonly data: readonly unknown[];
}

const entriesPerPiece = 25;

/** True for what is worth the pieces. */
export function isLongList(value: unknown): value is List {
  const { data } = (typeof value === "object" && value !== null ? value : {}) as Partial<List>;
  return Array.isArray(data) && data.length > entriesPerPiece;
}

export function listBody({ data, ...rest }: List): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next = 0;
  return new ReadableStream(
    {
      async pull(controller) {
        await turn();
        const piece = data
          .slice(next, next + entriesPerPiece)
          .map((entry) => JSON.stringify(entry));
        const start = next === 0 ? '{"data":[' : ",";
        next += entriesPerPiece;
        const end = next < data.length ? "" : toEnd(rest);
        controller.enqueue(encoder.encode(start + piece.join(",") + end));
        if (end !== "") controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

function toEnd(rest: object): string {
  const members = JSON.stringify(rest).slice(1);
  return members === "}" ? "]}" : `],${members}`;
}
