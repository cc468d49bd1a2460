/**
 * The promises of `src/store/registry.ts`, as tests. Each driver runs all of them: `open` resolves to an
 * empty registry. What a file promises beside is the driver's own test.
 */
import { expect, test } from "vitest";
import { accounts } from "./registry/accounts.ts";
import { auditing } from "./registry/auditing.ts";
import { invitations } from "./registry/invitations.ts";
import { keys } from "./registry/keys.ts";
import type { OpenRegistry } from "./registry/samples.ts";
import { servers } from "./registry/servers.ts";
import { sessions } from "./registry/sessions.ts";
import { teams } from "./registry/teams.ts";
import { watching } from "./registry/watching.ts";

export function registryContract(open: OpenRegistry): void {
  accounts(open);
  teams(open);
  invitations(open);
  sessions(open);
  keys(open);
  servers(open);
  watching(open);
  auditing(open);

  test("a secret is 32 random bytes, the same ever after, another for each name", async () => {
    await using registry = await open();
    const first = await registry.secret("session");
    expect(first).toHaveLength(32);
    expect(await registry.secret("session")).toEqual(first);
    expect(await registry.secret("other")).not.toEqual(first);
  });
}
