/** Team, keys, audit log and account, as an owner and whom the owner invites see them. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { dashboardForFile, describeInBrowser } from "./rig.ts";

const rig = dashboardForFile();
const password = "a long and quiet evening";

/** The owner's browser, signed in by the link that the host printed. */
let owner: Page | undefined;

async function asOwner(path: string): Promise<Page> {
  const { visitAsStranger, host } = rig();
  const line = host.output.find((text) => text.includes("/sign-in#token=")) ?? "";
  const page = await visitAsStranger(
    owner === undefined ? line.trim().replace(host.url, "") : "/sign-in",
  );
  if (owner !== undefined) {
    await page.getByLabel("Email").fill("owner@localhost");
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
  }
  await page.getByRole("heading", { name: "See your first call" }).waitFor();
  owner = page;
  await page.goto(`${host.url}${path}`);
  return page;
}

describeInBrowser("settings", () => {
  // The first, since the others sign in with this password.
  test("set the password of who came by a link, who signs in with it from then on", async () => {
    const page = await asOwner("/settings/account");
    await page.getByLabel("New password").fill(password);
    await page.getByRole("button", { name: "Set password" }).click();
    await page.getByLabel("Present password").waitFor();
    const again = await asOwner("/settings/account");
    await again.getByRole("heading", { name: "Sessions" }).waitFor();
    await again.getByText("This one").waitFor();
  });

  test("invite somebody, who creates an account by the link and is a member", async () => {
    const page = await asOwner("/settings/team");
    await page.getByRole("button", { name: "Invite" }).click();
    await page.getByLabel("Email").fill("ada@example.com");
    await page.getByRole("button", { name: "Make invitation" }).click();
    const link = await page.getByRole("dialog").getByText("#token=hwi_").innerText();
    const { visitAsStranger, host, expectComplaint } = rig();
    expectComplaint(/status of 401/);
    const guest = await visitAsStranger(link.replace(host.url, ""));
    await guest.getByLabel("Email").fill("ada@example.com");
    await guest.getByLabel("Password").fill("another long evening");
    await guest.getByRole("button", { name: "Create account" }).click();
    await guest.getByRole("button", { name: "Team" }).waitFor();
    await page.reload();
    await page.getByText("ada@example.com").waitFor();
  });

  test("make a key that is shown once, and end it", async () => {
    const { host } = rig();
    const page = await asOwner("/settings/keys");
    await page.getByRole("button", { name: "New key" }).click();
    await page.getByLabel("Name").fill("nightly report");
    await page.getByRole("button", { name: "Make key" }).click();
    const key = await page
      .getByRole("dialog")
      .getByText(/^hw_\w{49}$/)
      .innerText();
    const status = async (path: string) =>
      (await fetch(`${host.url}${path}`, { headers: { Authorization: `Bearer ${key}` } })).status;
    expect(await status("/v1/mcp/servers")).toBe(200);
    expect(await status("/v1/api-keys")).toBe(403);
    await page.getByRole("button", { name: "Done" }).click();
    expect(await page.getByText(key).count()).toBe(0);
    const row = page.getByRole("row").filter({ hasText: "nightly report" });
    await row.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("button", { name: "Revoke key" }).click();
    await expect.poll(() => row.count()).toBe(0);
    expect(await status("/v1/mcp/servers")).toBe(401);
  });

  test("tell in the audit log who did what", async () => {
    const page = await asOwner("/settings/audit");
    const made = page.getByRole("row").filter({ hasText: "API key made" }).first();
    await made.getByText("owner@localhost", { exact: true }).waitFor();
    await page.getByLabel("What happened").click();
    await page.getByRole("option", { name: "Servers" }).click();
    await page.getByRole("heading", { name: "Nothing of that kind happened" }).waitFor();
  });

  test("rename the team, and begin another that is the active one then", async () => {
    const page = await asOwner("/settings/team");
    await page.getByLabel("Name", { exact: true }).first().fill("Platform");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Team" }).getByText("Platform").waitFor();
    await page.getByLabel("Name", { exact: true }).last().fill("Research");
    await page.getByRole("button", { name: "Create team" }).click();
    await page.getByRole("button", { name: "Team" }).getByText("Research").waitFor();
    await page.getByRole("button", { name: "Team" }).click();
    await page.getByRole("menuitem", { name: "Platform" }).click();
    await page.getByRole("button", { name: "Team" }).getByText("Platform").waitFor();
  });

  test("say that a key cannot change a password", async () => {
    const page = await rig().visit("/settings/account");
    await page.getByText("You are signed in with an API key.").waitFor();
  });
});
