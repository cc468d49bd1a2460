/** The committed schema is the one that the migrations make. `vitest -u` writes it anew. */
import { expect, test } from "vitest";
import { openDatabase } from "../../src/store/sqlite/database.ts";

test("schema/snapshot.sql is what the migrations make", async () => {
  const schemas = (["calls", "registry"] as const).map((name) => {
    const db = openDatabase(":memory:", name, "write", 0);
    const rows = db
      .prepare(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name",
      )
      .all();
    db.close();
    return `-- ${name}\n\n${rows.map(({ sql }) => `${sql};\n`).join("\n")}`;
  });
  const path = "../../src/store/sqlite/schema/snapshot.sql";
  await expect(schemas.join("\n")).toMatchFileSnapshot(path);
});
