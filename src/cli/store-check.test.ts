import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { openSqliteRegistry } from "../store/sqlite/registry.ts";
import { checkStore } from "./store-check.ts";

const root = mkdtempSync(join(tmpdir(), "hookwatch-check-"));
afterAll(() => rmSync(root, { recursive: true }));

test("an altered audit log is found where contents are asked about, and leaves a file sound", async () => {
  const path = join(root, "registry.db");
  {
    await using registry = openSqliteRegistry(path);
    await registry.addAudit({
      ...{ teamId: "t", action: "key.created", sourceIp: "", subjectId: "k" },
      ...{ details: {}, atMs: 1 },
    });
  }
  expect((await checkStore("registry", path, "contents")).findings).toEqual([]);
  {
    using db = new DatabaseSync(path);
    db.exec("DROP TRIGGER audit_keeps_words; UPDATE audit SET subject_id = 'another'");
  }
  const { findings } = await checkStore("registry", path, "contents");
  expect(findings).toEqual([
    "entry 1 of the audit log of team t, or the one before it, was altered",
  ]);
  expect((await checkStore("registry", path, "pages")).findings).toEqual([]);
});
