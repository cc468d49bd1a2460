/** A server behind the product is the server: the official suite sees no difference, check by check. */
import { afterAll, beforeAll, describe, test } from "vitest";
import { startEverythingServer } from "../e2e/everything-server.ts";
import { rigForFile } from "../e2e/rig.ts";
import { startServerFixture } from "./server-fixture.ts";
import { compareSideBySide, everythingOf, type Routes, requirementsOf } from "./side-by-side.ts";

const rig = rigForFile();

const servers = [
  {
    name: "a server on SDK 2.x, both eras",
    start: startServerFixture,
    // What fails is the extension for tasks, which no official SDK implements.
    sets: [
      { set: requirementsOf("2025-11-25"), score: score(33, 84, 0) },
      { set: requirementsOf("2026-07-28"), score: score(50, 164, 30) },
      { set: everythingOf("all"), score: score(65, 202, 30) },
      { set: everythingOf("all", "2025-06-18"), score: score(27, 56, 0) },
      { set: everythingOf("all", "2025-03-26"), score: score(1, 3, 0) },
    ],
  },
  {
    name: "server-everything on SDK 1.x, sessions only",
    start: startEverythingServer,
    // It is no fixture of the suite: most of its failures are tools it does not have.
    sets: [
      { set: requirementsOf("2025-11-25"), score: score(33, 47, 22) },
      { set: requirementsOf("2026-07-28"), score: score(49, 11, 145) },
      { set: everythingOf("all"), score: score(61, 57, 127) },
    ],
  },
];

describe.for(servers)("$name", ({ start, sets }) => {
  // One for each route: a change that one of them announces is news on all its streams.
  const started: AsyncDisposable[] = [];
  let routes: Routes | undefined;

  beforeAll(async () => {
    const [direct, behind] = await Promise.all([start(), start()]);
    started.push(direct, behind);
    const { server } = await rig().register(behind.url);
    routes = {
      direct: { options: ["--url", direct.url] },
      proxied: { options: ["--url", server.proxy_url] },
    };
  });
  afterAll(async () => {
    await Promise.all(started.map((server) => server[Symbol.asyncDispose]()));
  });

  test.for(sets)("scenarios $set.name", { timeout: 120_000 }, async ({ set, score }) => {
    if (!routes) throw new Error("the servers are started by beforeAll");
    await compareSideBySide("server", set, routes, score);
  });
});

function score(scenarios: number, passed: number, failed: number) {
  return { scenarios, passed, failed };
}
