/** What the registry promises of the audit log. */
import { describe, expect, test } from "vitest";
import type { AuditEvent } from "../../../src/audit.ts";
import { verifyChain } from "../../../src/store/audit-chain.ts";
import type { AuditQuery } from "../../../src/store/audit-log.ts";
import type { Registry } from "../../../src/store/registry.ts";
import { apiKey, id, otherTeamId, server, startMs, teamId } from "../builders.ts";
import { addMember, event, type OpenRegistry, openFounded } from "./samples.ts";

const everything = { limit: 1_000, actions: [] } as const;

export function auditing(open: OpenRegistry): void {
  describe("the audit log", () => {
    test.for<{ readonly name: string; readonly told: AuditEvent }>([
      { name: "with everything", told: event("key.created") },
      {
        name: "of nobody, over no socket, about the team",
        told: {
          ...{ teamId, action: "team.plan_changed", sourceIp: "", subjectId: "" },
          ...{ details: {}, atMs: 1 },
        },
      },
      {
        name: "with odd details",
        told: event("server.changed", {
          details: { "": null, text: "'\"\u0000é😀\n", half: "\ud800", n: -1.5e300, no: false },
        }),
      },
    ])("an entry $name comes back as it was added", async ({ told }) => {
      await using registry = await openFounded(open);
      await registry.addAudit(told);
      const entries = await registry.audit(teamId, everything);
      expect(entries).toEqual([{ ...told, seq: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
      expect(verifyChain(entries)).toBeUndefined();
    });

    test("entries of a team count up from 1 without gaps, each chained to the one before", async () => {
      await using registry = await openFounded(open);
      const adding = Array.from({ length: 60 }, (_, n) =>
        registry.addAudit(event("key.created", { teamId: n % 3 === 0 ? otherTeamId : teamId })),
      );
      await Promise.all(adding);
      for (const [whose, count] of [
        [teamId, 40],
        [otherTeamId, 20],
      ] as const) {
        const entries = (await registry.audit(whose, everything)).toReversed();
        const counted = Array.from({ length: count }, (_, n) => n + 1);
        expect(entries.map(({ seq }) => seq)).toEqual(counted);
        expect(entries.every((entry) => entry.teamId === whose)).toBe(true);
        expect(verifyChain(entries)).toBeUndefined();
      }
    });

    test("entries are in the order they were added in, whatever their clocks said", async () => {
      await using registry = await openFounded(open);
      for (const atMs of [5, 9, 1]) await registry.addAudit(event("key.created", { atMs }));
      const entries = await registry.audit(teamId, everything);
      expect(entries.map(({ seq, atMs }) => [seq, atMs])).toEqual([
        [3, 1],
        [2, 9],
        [1, 5],
      ]);
    });

    test("entries outlive what they speak of", async () => {
      await using registry = await openFounded(open);
      const leaving = await addMember(registry, "leaving", "admin");
      const key = apiKey("a", { userId: leaving.id });
      const by = { userId: leaving.id };
      await registry.addKey(key, 0, event("key.created", { ...by, subjectId: key.id }));
      const { id: serverId } = server("a");
      await registry.addServer(server("a"), 0, event("server.created", { subjectId: serverId }));
      await registry.removeServer(teamId, serverId, event("server.removed"));
      await registry.forgetServer(teamId, serverId);
      await registry.removeMember(teamId, leaving.id, event("member.removed"));
      const of = async (subjectId: string) => {
        const entries = await registry.audit(teamId, { ...everything, subjectId });
        return entries.map(({ action }) => action);
      };
      expect(await of(key.id)).toEqual(["key.created"]);
      expect(await of(serverId)).toEqual(["server.created"]);
      expect(await registry.audit(teamId, { ...everything, ...by })).toHaveLength(1);
    });

    describe("asked", () => {
      const [ada, bob] = [id("ada"), id("bob")];
      const [one, two] = [id("one"), id("two")];
      /** By `seq`, from 1. */
      const told: readonly Partial<AuditEvent>[] = [
        { action: "key.created", userId: ada, subjectId: one, atMs: 10 },
        { action: "key.revoked", userId: ada, subjectId: one, atMs: 20 },
        { action: "server.created", userId: bob, subjectId: two, atMs: 30 },
        { action: "key.created", userId: bob, subjectId: two, atMs: 40 },
        { action: "server.created", userId: ada, subjectId: one, atMs: 20 },
        { action: "calls.exported", userId: ada, subjectId: "", atMs: 50 },
      ];
      const filled = async (): Promise<Registry> => {
        const registry = await openFounded(open);
        for (const changes of told) {
          const entry = event("key.created", changes);
          await registry.addAudit(entry);
          await registry.addAudit({ ...entry, teamId: otherTeamId });
        }
        return registry;
      };

      test.for<{ readonly asked: Partial<AuditQuery>; readonly seqs: readonly number[] }>([
        { asked: {}, seqs: [6, 5, 4, 3, 2, 1] },
        { asked: { limit: 2 }, seqs: [6, 5] },
        { asked: { beforeSeq: 3 }, seqs: [2, 1] },
        { asked: { beforeSeq: 1 }, seqs: [] },
        { asked: { beforeSeq: 6, limit: 2 }, seqs: [5, 4] },
        { asked: { actions: ["key.created"] }, seqs: [4, 1] },
        { asked: { actions: ["server.created", "key.created"] }, seqs: [5, 4, 3, 1] },
        { asked: { actions: ["server.created", "key.created"], limit: 3 }, seqs: [5, 4, 3] },
        { asked: { actions: ["key.created", "key.created"] }, seqs: [4, 1] },
        { asked: { actions: ["user.signed_in"] }, seqs: [] },
        { asked: { userId: ada }, seqs: [6, 5, 2, 1] },
        { asked: { userId: ada, actions: ["key.created", "calls.exported"] }, seqs: [6, 1] },
        { asked: { userId: ada, beforeSeq: 6, limit: 2 }, seqs: [5, 2] },
        { asked: { subjectId: one }, seqs: [5, 2, 1] },
        { asked: { subjectId: "" }, seqs: [6] },
        { asked: { subjectId: one, userId: bob }, seqs: [] },
        { asked: { subjectId: two, actions: ["key.created"] }, seqs: [4] },
        { asked: { fromMs: 20 }, seqs: [6, 5, 4, 3, 2] },
        { asked: { toMs: 20 }, seqs: [1] },
        { asked: { fromMs: 20, toMs: 40 }, seqs: [3, 2] },
        { asked: { fromMs: 40, toMs: 41 }, seqs: [5, 4] },
        { asked: { fromMs: 20, toMs: 40, beforeSeq: 5, limit: 1 }, seqs: [3] },
        { asked: { fromMs: 20, toMs: 40, actions: ["server.created"] }, seqs: [3] },
        { asked: { fromMs: 20, toMs: 41, actions: ["server.created"] }, seqs: [5, 3] },
        { asked: { fromMs: 41, subjectId: one }, seqs: [] },
        { asked: { fromMs: 51 }, seqs: [] },
        { asked: { toMs: 10 }, seqs: [] },
        { asked: { subjectId: one, userId: ada, actions: ["key.revoked"] }, seqs: [2] },
        { asked: { fromMs: 20, toMs: 40, userId: ada }, seqs: [2] },
        { asked: { fromMs: 40, toMs: 40 }, seqs: [] },
        { asked: { userId: id("nobody") }, seqs: [] },
      ])("for $asked it answers $seqs", async ({ asked, seqs }) => {
        await using registry = await filled();
        const entries = await registry.audit(teamId, { ...everything, ...asked });
        expect(entries.map(({ seq }) => seq)).toEqual(seqs);
        expect(entries.every((entry) => entry.teamId === teamId)).toBe(true);
      });

      test("of a team without entries, it answers none", async () => {
        await using registry = await openFounded(open);
        expect(await registry.audit(id("nowhere"), everything)).toEqual([]);
      });

      test("page by page, it answers each entry once", async () => {
        await using registry = await filled();
        await registry.addAudit(event("key.created", { atMs: startMs }));
        const seqs: number[] = [];
        for (let beforeSeq = 8; beforeSeq > 1; beforeSeq = seqs.at(-1) ?? 0) {
          const page = await registry.audit(teamId, { limit: 3, actions: [], beforeSeq });
          seqs.push(...page.map(({ seq }) => seq));
        }
        expect(seqs).toEqual([7, 6, 5, 4, 3, 2, 1]);
      });
    });
  });
}
