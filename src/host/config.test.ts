import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Problem } from "../problem.ts";
import { readConfig } from "./config.ts";
import { configurationPage } from "./configuration-page.ts";

/** What is wrong, if anything is. */
const problems = (flags: string[], environment: Record<string, string>) => {
  try {
    readConfig(flags, environment);
    return [];
  } catch (error) {
    if (error instanceof Problem) return error.details;
    throw error;
  }
};

const refusal = (flags: string[], environment: Record<string, string>) => {
  try {
    readConfig(flags, environment);
  } catch (error) {
    if (error instanceof Problem) return error.details;
    throw error;
  }
  throw new Error("was accepted");
};

test("without any setting the documented defaults hold", () => {
  expect(readConfig([], {})).toMatchObject({
    host: "127.0.0.1",
    port: 7070,
    egress: "local",
    egressAllow: [],
    egressDeny: [],
    egressHttp: "0",
    trustedProxies: [],
    connectionsPerClientMax: 1_000,
    exchangesPerTeamMax: 0,
    upstreamIdleTimeoutMs: 300_000,
    drainMs: 5_000,
    drainDelayMs: 0,
    bodyCaptureMaxBytes: 1_048_576,
    requestMaxBytes: 67_108_864,
    retentionDays: 30,
    bodyRetentionDays: 0,
    logLevel: "info",
  });
});

test("a flag wins over the environment", () => {
  expect(readConfig(["--port", "8080"], { HOOKWATCH_PORT: "9090" }).port).toBe(8080);
});

test("an empty variable counts as unset", () => {
  expect(readConfig([], { HOOKWATCH_PORT: "" }).port).toBe(7070);
});

test.for([
  ["HOOKWATCH_PORT", "70700", 'is "70700", but must be 0 to 65535'],
  ["HOOKWATCH_PORT", "7e3", 'is "7e3", but must be 0 to 65535'],
  ["HOOKWATCH_EGRESS", "none", 'is "none", but must be local or public'],
  ["HOOKWATCH_PUBLIC_URL", "example.com", 'is "example.com", but must be http:… or https:…'],
  [
    "HOOKWATCH_PUBLIC_URL",
    "https://a.example/base",
    "has the path /base, but HookWatch serves from the root of its host",
  ],
  ["HOOKWATCH_CALLS_URL", "mysql://x", 'is "mysql://x", but must be sqlite:… or memory:…'],
  [
    "HOOKWATCH_API_KEY",
    "too-short",
    "is 9 characters long, but must be 32 to 200 printable ASCII characters, no blank at either end",
  ],
  [
    "HOOKWATCH_API_KEY",
    ` ${"k".repeat(32)}`,
    "is 33 characters long, but must be 32 to 200 printable ASCII characters, no blank at either end",
  ],
  [
    "HOOKWATCH_CALLS_URL",
    "sqlite://host/x.db",
    'is "sqlite://host/x.db", but must be sqlite:… or memory:…',
  ],
  [
    "HOOKWATCH_PUBLIC_URL",
    "http://x:y@h",
    "is a URL with credentials, but must be http:… or https:…",
  ],
  ["HOOKWATCH_PROT", "7070", "is not a setting of HookWatch; docs/configuration.md lists them"],
  ["HOOKWATCH_SIGNUP", "maybe", 'is "maybe", but must be closed or open'],
  ["HOOKWATCH_OIDC_CLIENT_ID", "x", "is of no use without HOOKWATCH_OIDC_ISSUER"],
  [
    "HOOKWATCH_OIDC_CLIENT_SECRET",
    "a secret of the provider's",
    "is of no use without HOOKWATCH_OIDC_ISSUER",
  ],
  [
    "HOOKWATCH_BODY_RETENTION_DAYS",
    "31",
    "is 31 days, but no body outlives its call: HOOKWATCH_RETENTION_DAYS is 30",
  ],
  [
    "HOOKWATCH_TRUSTED_PROXIES",
    "10.0.0.0/8,proxy.internal",
    'is "10.0.0.0/8,proxy.internal", but must be addresses or networks, separated by commas',
  ],
  [
    "HOOKWATCH_EGRESS_DENY",
    "10.0.0.0/8,,x",
    'is "10.0.0.0/8,,x", but must be addresses, networks or hosts, separated by commas',
  ],
] as const)("%s=%s is refused in a sentence", ([field, value, message]) => {
  expect(refusal([], { [field]: value })).toEqual([{ field, message }]);
});

test.for([
  { HOOKWATCH_BODY_RETENTION_DAYS: "30" },
  { HOOKWATCH_BODY_RETENTION_DAYS: "400", HOOKWATCH_RETENTION_DAYS: "0" },
  { HOOKWATCH_BODY_RETENTION_DAYS: "0", HOOKWATCH_RETENTION_DAYS: "5" },
])("bodies may be kept as long as calls: %o", (environment) => {
  expect(readConfig([], environment)).toMatchObject({
    bodyRetentionDays: Number(environment.HOOKWATCH_BODY_RETENTION_DAYS),
  });
});

test("lists are read with or without blanks", () => {
  const environment = {
    HOOKWATCH_EGRESS_ALLOW: "10.1.0.0/16, mcp.internal,*.svc.local",
    HOOKWATCH_TRUSTED_PROXIES: "10.0.0.1 , fd00::/8",
  };
  expect(readConfig([], environment)).toMatchObject({
    egressAllow: ["10.1.0.0/16", "mcp.internal", "*.svc.local"],
    trustedProxies: ["10.0.0.1", "fd00::/8"],
  });
});

test("a provider is set up by its issuer and our name there, whose secret does not show", () => {
  const config = readConfig([], {
    HOOKWATCH_OIDC_ISSUER: "https://id.example.com/realms/ours",
    HOOKWATCH_OIDC_CLIENT_ID: "hookwatch",
    HOOKWATCH_OIDC_CLIENT_SECRET: "a secret of the provider's",
    HOOKWATCH_OIDC_ALLOWED_DOMAINS: "Example.com, sub.example.org",
  });
  expect(config).toMatchObject({
    oidcIssuer: "https://id.example.com/realms/ours",
    oidcClientId: "hookwatch",
    oidcAllowedDomains: ["example.com", "sub.example.org"],
  });
  expect(JSON.stringify(config)).not.toContain("a secret of");
  expect(config.oidcClientSecret?.reveal()).toBe("a secret of the provider's");
});

test.for([
  ["https://id.example.com", undefined, "HOOKWATCH_OIDC_CLIENT_ID"],
  ["http://id.example.com", "x", "HOOKWATCH_OIDC_ISSUER"],
  ["https://id.example.com/.well-known/openid-configuration", "x", "HOOKWATCH_OIDC_ISSUER"],
  ["http://127.0.0.1:8080", "x", undefined],
  ["http://localhost:8080", "x", undefined],
] as const)("the provider %s with client %s is refused for %s", ([issuer, client, wrong]) => {
  const environment = {
    HOOKWATCH_OIDC_ISSUER: issuer,
    ...(client === undefined ? {} : { HOOKWATCH_OIDC_CLIENT_ID: client }),
  };
  expect(problems([], environment).map(({ field }) => field)).toEqual(
    wrong === undefined ? [] : [wrong],
  );
});

const openTo = (host: string, egress?: string) => ({
  HOOKWATCH_SIGNUP: "open",
  HOOKWATCH_HOST: host,
  ...(egress === undefined ? {} : { HOOKWATCH_EGRESS: egress }),
});

test.for([
  ["0.0.0.0", undefined, true],
  ["::", undefined, true],
  ["192.0.2.1", undefined, true],
  ["host.example", undefined, true],
  ["0.0.0.0", "public", false],
  ["0.0.0.0", "local", false],
  ["127.0.0.1", undefined, false],
  ["127.1.2.3", undefined, false],
  ["::1", undefined, false],
  ["localhost", undefined, false],
] as const)(
  "open sign-up on %s with egress %s, refused for want of a choice: %s",
  ([host, egress, refused]) => {
    const fields = problems([], openTo(host, egress)).map(({ field }) => field);
    expect(fields.includes("HOOKWATCH_EGRESS")).toBe(refused);
  },
);

test.for([
  [{}, undefined],
  [{ LISTEN_FDS: "0" }, undefined],
  [{ LISTEN_FDS: "1" }, 3],
  [{ LISTEN_FDS: "1", LISTEN_PID: String(process.pid) }, 3],
  [{ LISTEN_FDS: "1", LISTEN_PID: String(process.ppid) }, undefined],
] as const)("of the environment %o the descriptor to listen on is %s", ([environment, fd]) => {
  expect(readConfig([], environment).listenFd).toBe(fd);
});

test("more than one socket, or none that is known to be this machine's alone, is not listened on unasked", () => {
  expect(refusal([], { LISTEN_FDS: "2" })).toEqual([
    { field: "LISTEN_FDS", message: 'is "2", but HookWatch listens on 1 socket' },
  ]);
  const open = { ...openTo("127.0.0.1", undefined), LISTEN_FDS: "1" };
  expect(refusal([], open)[0]).toMatchObject({
    field: "HOOKWATCH_EGRESS",
    message: expect.stringContaining("to listen on a socket that was given with open sign-up"),
  });
});

test("everything that is wrong is told at once", () => {
  const details = refusal([], {
    HOOKWATCH_PORT: "x",
    HOOKWATCH_EGRESS: "y",
    HOOKWATCH_LOG_LEVEL: "z",
  });
  expect(details.map((detail) => detail.field)).toEqual([
    "HOOKWATCH_PORT",
    "HOOKWATCH_EGRESS",
    "HOOKWATCH_LOG_LEVEL",
  ]);
});

test("an unknown flag is refused by name", () => {
  expect(refusal(["--prot", "1"], {})[0]?.message).toContain("--prot");
});

test("the API key does not show itself when the configuration is printed", () => {
  const config = readConfig([], { HOOKWATCH_API_KEY: "k".repeat(32) });
  expect(`${inspect(config)}${JSON.stringify(config)}${config.apiKey}`).not.toContain("kkkk");
  expect(config.apiKey?.reveal()).toBe("k".repeat(32));
});

test("docs/configuration.md is the one printed from the table (npm run docs writes it)", () => {
  expect(readFileSync("docs/configuration.md", "utf8")).toBe(configurationPage());
});
