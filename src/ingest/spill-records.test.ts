import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { call } from "../../test/store/builders.ts";
import type { Call } from "../call.ts";
import { unpackCall } from "./packed-call.ts";
import {
  encodeRecords,
  packedOf,
  readRecords,
  type SpillRecord,
  toPacked,
} from "./spill-records.ts";

const texts = fc.string({ unit: "binary", maxLength: 60 });
/** Lone surrogates, control characters, the mark of a record as text. */
const hostile = fc.constantFrom("\ud800", "\udfff\u0000", "\u00ffHW\u0001", '"\\\n', "𝄞".repeat(9));
const calls = fc.array(
  fc
    .record({ requestBody: fc.oneof(texts, hostile), responseBody: texts, shed: fc.boolean() })
    .map(({ shed, ...bodies }) => ({ call: call("one", bodies), shed })),
  { minLength: 1, maxLength: 8 },
);

interface Written {
  readonly call: Call;
  readonly shed: boolean;
}

const encode = (written: readonly Written[]) =>
  written.map(({ call, shed }) => encodeRecords([toPacked(call, shed)]));

function callOf(record: SpillRecord): Call | undefined {
  const packed = packedOf(record);
  return packed && unpackCall(packed.payload);
}

function read(bytes: Buffer) {
  const entries = [...readRecords(bytes)];
  return {
    found: entries.flatMap((entry) =>
      "payload" in entry ? [{ call: callOf(entry), shed: entry.shed }] : [],
    ),
    lost: entries.flatMap((entry) => ("lost" in entry ? [entry] : [])),
  };
}

describe("a spill file", () => {
  test("holds calls as they were, in order, to the last lone surrogate", () => {
    fc.assert(
      fc.property(calls, (written) => {
        const { found, lost } = read(Buffer.concat(encode(written)));
        expect(found).toEqual(written);
        expect(lost).toEqual([]);
      }),
    );
  });

  test("that is cut anywhere gives every whole record, and tells of the torn one", () => {
    fc.assert(
      fc.property(calls, fc.nat(), (written, somewhere) => {
        const records = encode(written);
        const bytes = Buffer.concat(records);
        const cut = somewhere % bytes.length;
        const whole = lengthWithin(records, cut);
        const { found, lost } = read(bytes.subarray(0, cut));
        expect(found).toEqual(written.slice(0, whole.records));
        expect(lost).toEqual(cut === whole.bytes ? [] : [{ lost: 1, torn: true }]);
      }),
    );
  });

  test("with altered bytes gives every record that was not touched, and makes up none", () => {
    const alterations = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(calls, alterations, (written, changes) => {
        const records = encode(written);
        const bytes = Buffer.concat(records);
        const touched = new Set<number>();
        const altered = new Map<number, number>();
        for (const [somewhere, change] of changes) altered.set(somewhere % bytes.length, change);
        for (const [at, change] of altered) {
          bytes.writeUInt8((bytes.readUInt8(at) ^ change) & 0xff, at);
          touched.add(lengthWithin(records, at).records);
        }
        const { found, lost } = read(bytes);
        expect(found).toEqual(written.filter((_, index) => !touched.has(index)));
        expect(lost.length).toBeGreaterThan(0);
        expect(lost.reduce((sum, one) => sum + one.lost, 0)).toBeGreaterThanOrEqual(lost.length);
      }),
    );
  });

  test("of any other bytes gives no call and does not throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(read(Buffer.from(bytes)).found).toEqual([]);
      }),
    );
  });
});

/** Records that lie wholly within the first `length` bytes, and where the last of them ends. */
function lengthWithin(records: readonly Buffer[], length: number) {
  let bytes = 0;
  let whole = 0;
  for (const record of records) {
    if (bytes + record.length > length) break;
    bytes += record.length;
    whole += 1;
  }
  return { records: whole, bytes };
}
