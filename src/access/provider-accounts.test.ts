import { expect, test } from "vitest";
import { openAccessRig } from "../../test/access/rig.ts";

const ip = "192.0.2.1";
const ada = {
  issuer: "https://id.example.com",
  subject: "ada",
  email: "ada@example.com",
  isEmailVerified: true,
};
/** Who was given the address after her. */
const heir = { ...ada, subject: "heir" };
const allowed = { allowedDomains: ["example.com"] };

test.for([
  { signup: "closed", options: allowed },
  { signup: "open", options: { isSignupOpen: true } },
] as const)(
  "an address that was given to somebody else opens no account, where sign-up is $signup",
  async ({ options }) => {
    await using rig = await openAccessRig(options);
    const { providerAccounts } = rig.access;
    const account = await providerAccounts.accountOf(ada, undefined, ip);
    expect(account).toMatchObject({ email: ada.email });
    expect(await providerAccounts.accountOf(heir, undefined, ip)).toBe("account_exists");
    expect(await rig.registry.findIdentity(heir.issuer, heir.subject)).toBeUndefined();
    expect(await providerAccounts.accountOf(ada, undefined, ip)).toEqual(account);
  },
);

test("a subject that changed at the provider is joined from a browser that is signed in", async () => {
  await using rig = await openAccessRig(allowed);
  const { providerAccounts } = rig.access;
  const account = await providerAccounts.accountOf(ada, undefined, ip);
  const id = typeof account === "string" ? account : account.id;
  expect(await providerAccounts.accountOf(heir, id, ip)).toEqual(account);
  expect(await providerAccounts.accountOf(heir, undefined, ip)).toEqual(account);
});

test("an account of another provider is opened by its verified address where sign-up is closed", async () => {
  await using rig = await openAccessRig(allowed);
  const { providerAccounts } = rig.access;
  const account = await providerAccounts.accountOf(ada, undefined, ip);
  const elsewhere = { ...heir, issuer: "https://new.example.com" };
  expect(await providerAccounts.accountOf(elsewhere, undefined, ip)).toEqual(account);
});
