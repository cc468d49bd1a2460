import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AuditEntry, type AuditEvent, auditActions } from "../audit.ts";
import { chainHash, chainStart, verifyChain } from "./audit-chain.ts";

const event: AuditEvent = {
  teamId: "t",
  action: "key.created",
  userId: "u",
  credentialId: "c",
  sourceIp: "192.0.2.1",
  subjectId: "k",
  details: { name: "ci", admin: true, limit: null, count: 3 },
  atMs: 1_760_000_000_000,
};

function chain(events: readonly AuditEvent[]): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (const [index, each] of events.entries()) {
    const hash = chainHash(entries.at(-1)?.hash ?? chainStart, each, index + 1);
    entries.push({ ...each, seq: index + 1, hash });
  }
  return entries;
}

const text = fc.string({ unit: "binary", maxLength: 20 });
const details = fc.dictionary(
  text,
  fc.oneof(text, fc.double({ noNaN: true }), fc.boolean(), fc.constant(null)),
);
const someEvent: fc.Arbitrary<AuditEvent> = fc
  .record(
    {
      ...{ teamId: fc.constant("t"), action: fc.constantFrom(...auditActions), userId: text },
      ...{ credentialId: text, sourceIp: text, subjectId: text, details, atMs: fc.nat() },
    },
    { requiredKeys: ["teamId", "action", "sourceIp", "subjectId", "details", "atMs"] },
  )
  .map((made) => made as AuditEvent);
const someChain = fc.array(someEvent, { minLength: 2, maxLength: 8 }).map(chain);

describe("a hash", () => {
  test("is SHA-256 over the one before, a line feed and the entry as canonical JSON", () => {
    const canonical =
      '{"action":"key.created","atMs":1760000000000,"credentialId":"c",' +
      '"details":{"admin":true,"count":3,"limit":null,"name":"ci"},' +
      '"seq":7,"sourceIp":"192.0.2.1","subjectId":"k","teamId":"t","userId":"u"}';
    const expected = createHash("sha256")
      .update(`${"ab".repeat(32)}\n${canonical}`)
      .digest("hex");
    expect(chainHash("ab".repeat(32), event, 7)).toBe(expected);
  });

  test("leaves absent fields out", () => {
    const { userId, credentialId, ...bare } = event;
    const canonical =
      '{"action":"key.created","atMs":1,"details":{},"seq":1,"sourceIp":"","subjectId":"","teamId":"t"}';
    const expected = createHash("sha256").update(`${chainStart}\n${canonical}`).digest("hex");
    const nobody = { ...bare, sourceIp: "", subjectId: "", details: {}, atMs: 1 };
    expect(chainHash(chainStart, nobody, 1)).toBe(expected);
  });

  test("sorts names by their UTF-16 code units, also those that are numbers", () => {
    const odd = { "10": 1, "9": 2, é: 3, z: 4, "\u{1f600}": 5, "\uff5a": 6, "": 7 };
    const canonical =
      '{"action":"key.created","atMs":1760000000000,"credentialId":"c",' +
      '"details":{"":7,"10":1,"9":2,"z":4,"é":3,"\u{1f600}":5,"\uff5a":6},' +
      '"seq":7,"sourceIp":"192.0.2.1","subjectId":"k","teamId":"t","userId":"u"}';
    const expected = createHash("sha256")
      .update(`${"ab".repeat(32)}\n${canonical}`)
      .digest("hex");
    expect(chainHash("ab".repeat(32), { ...event, details: odd }, 7)).toBe(expected);
  });

  test("does not depend on the order of details", () => {
    const reversed = Object.fromEntries(Object.entries(event.details).reverse());
    expect(chainHash(chainStart, { ...event, details: reversed }, 1)).toBe(
      chainHash(chainStart, event, 1),
    );
  });

  test("is the same after a way through JSON, whatever an entry says", () => {
    fc.assert(
      fc.property(someEvent, (some) => {
        const read: AuditEvent = JSON.parse(JSON.stringify(some));
        expect(chainHash(chainStart, read, 1)).toBe(chainHash(chainStart, some, 1));
      }),
    );
  });
});

describe("a chain", () => {
  test("as it was made is whole, from the start and from each of its links", () => {
    fc.assert(
      fc.property(someChain, (entries) => {
        expect(verifyChain(entries)).toBeUndefined();
        for (const [index, entry] of entries.entries())
          expect(verifyChain(entries.slice(index + 1), entry)).toBeUndefined();
      }),
    );
    expect(verifyChain([])).toBeUndefined();
  });

  test.for<[string, Partial<AuditEntry>]>([
    ["team", { teamId: "t2" }],
    ["action", { action: "key.revoked" }],
    ["user", { userId: "u2" }],
    ["credential", { credentialId: "c2" }],
    ["address", { sourceIp: "192.0.2.2" }],
    ["subject", { subjectId: "k2" }],
    ["detail", { details: { ...event.details, admin: false } }],
    ["further detail", { details: { ...event.details, more: "" } }],
    ["time", { atMs: event.atMs - 1 }],
    ["hash", { hash: "0".repeat(64) }],
  ])("tells that an entry has another %s", ([, changes]) => {
    const entries = chain([event, event, event]);
    const forged = entries.map((entry) => (entry.seq === 2 ? { ...entry, ...changes } : entry));
    expect(verifyChain(forged)).toEqual({ seq: 2, reason: "altered" });
  });

  test("tells an altered entry whose own hash was made anew by the next one", () => {
    const entries = chain([event, event, event]);
    const altered = { ...event, sourceIp: "198.51.100.1" };
    const forged = { ...altered, seq: 2, hash: chainHash(entries[0]?.hash ?? "", altered, 2) };
    const all = entries.map((entry) => (entry.seq === 2 ? forged : entry));
    expect(verifyChain(all)).toEqual({ seq: 3, reason: "altered" });
  });

  test("tells entries that were removed, added or moved", () => {
    fc.assert(
      fc.property(someChain, fc.nat(), (entries, random) => {
        const at = random % (entries.length - 1);
        expect(verifyChain(entries.toSpliced(at, 1))).toEqual({ seq: at + 2, reason: "gap" });
        const twice = entries.toSpliced(at, 0, ...entries.slice(at, at + 1));
        expect(verifyChain(twice)).toEqual({ seq: at + 1, reason: "gap" });
        const moved = entries.toSpliced(at, 2, ...entries.slice(at, at + 2).reverse());
        expect(verifyChain(moved)).toEqual({ seq: at + 2, reason: "gap" });
        const counted = moved.map((entry, index) => ({ ...entry, seq: index + 1 }));
        expect(verifyChain(counted)).toEqual({ seq: at + 1, reason: "altered" });
      }),
    );
  });

  test("of another team does not pass for this one's", () => {
    const [own, others] = [chain([event]), chain([{ ...event, teamId: "t2" }, event])];
    expect(verifyChain([...own, ...others.slice(1)])).toEqual({ seq: 2, reason: "altered" });
  });
});
