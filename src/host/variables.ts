/**
 * The table of settings: the only source of their names, defaults and meaning. The environment,
 * the command line and docs/configuration.md are read and printed from it.
 */

export interface Variable {
  /** Name in the environment; as a flag it is `--` and the rest after HOOKWATCH_ in kebab case. */
  readonly name: `HOOKWATCH_${string}`;
  readonly form: Form;
  /** As it would be written in the environment; absent when `absence` says what happens instead. */
  readonly fallback?: string;
  /** What is used when nothing is set and there is no fixed default, for people. */
  readonly absence?: string;
  /** One or two sentences for docs/configuration.md and `--help`. */
  readonly meaning: string;
}

export type Form =
  | {
      readonly kind: "text";
      readonly minLength: number;
      readonly maxLength: number;
      readonly secret?: boolean;
    }
  | { readonly kind: "whole"; readonly min: number; readonly max: number; readonly unit: string }
  | { readonly kind: "choice"; readonly values: readonly string[] }
  | { readonly kind: "url"; readonly schemes: readonly string[] }
  /** Separated by commas. `destinations` are networks or names of hosts; `domains` follow the "@" of addresses. */
  | { readonly kind: "list"; readonly of: "networks" | "destinations" | "domains" };

const gibibyte = 1_073_741_824;

export const variables = {
  host: {
    name: "HOOKWATCH_HOST",
    form: { kind: "text", minLength: 1, maxLength: 253 },
    fallback: "127.0.0.1",
    meaning: "The address to listen on.",
  },
  port: {
    name: "HOOKWATCH_PORT",
    form: { kind: "whole", min: 0, max: 65_535, unit: "" },
    fallback: "7070",
    meaning: "The port to listen on; 0 picks a free one and prints it.",
  },
  dataPlanes: {
    name: "HOOKWATCH_DATA_PLANES",
    form: { kind: "whole", min: 1, max: 16, unit: "threads" },
    absence: "one for each processor core but two, on Linux; 1 elsewhere",
    meaning:
      "How many threads take calls, all on the one port; 1 where a socket was given. See docs/operating.md.",
  },
  publicUrl: {
    name: "HOOKWATCH_PUBLIC_URL",
    form: { kind: "url", schemes: ["http", "https"] },
    absence: "from host and port",
    meaning: "What users see in `proxy_url` and in links, and a name the host answers to.",
  },
  dataDir: {
    name: "HOOKWATCH_DATA_DIR",
    form: { kind: "text", minLength: 1, maxLength: 4_096 },
    fallback: "./data",
    meaning: "The folder for everything the embedded stores keep.",
  },
  apiKey: {
    name: "HOOKWATCH_API_KEY",
    form: { kind: "text", minLength: 32, maxLength: 200, secret: true },
    absence: "generated and printed once",
    meaning:
      "The first team's API key, for scripted set-ups: any printable characters, accepted as given.",
  },
  registryUrl: {
    name: "HOOKWATCH_REGISTRY_URL",
    form: { kind: "url", schemes: ["sqlite", "memory"] },
    fallback: "sqlite:",
    meaning:
      "Where servers, teams and keys are kept: `sqlite:` is `registry.db` in the data folder, `sqlite:/path/to/file.db` another file, `memory:` nothing beyond this process.",
  },
  callsUrl: {
    name: "HOOKWATCH_CALLS_URL",
    form: { kind: "url", schemes: ["sqlite", "memory"] },
    fallback: "sqlite:",
    meaning:
      "Where calls are kept: `sqlite:` is `calls.db` in the data folder, `sqlite:/path/to/file.db` another file, `memory:` nothing beyond this process.",
  },
  egress: {
    name: "HOOKWATCH_EGRESS",
    form: { kind: "choice", values: ["local", "public"] },
    fallback: "local",
    meaning:
      "Where upstreams may be: `local` allows loopback and private networks (never link-local or cloud metadata), `public` only global addresses, by https, on 443, 80 and ports from 1024 that are no well-known database's. Must be set to listen beyond this machine with open sign-up.",
  },
  egressAllow: {
    name: "HOOKWATCH_EGRESS_ALLOW",
    form: { kind: "list", of: "destinations" },
    absence: "none",
    meaning:
      "Upstreams that may be called whatever `HOOKWATCH_EGRESS` says, on any port, by http too: networks (`10.1.0.0/16`) also if they are link-local, hosts (`mcp.internal`, `*.internal`) where they are global, private or this machine.",
  },
  egressDeny: {
    name: "HOOKWATCH_EGRESS_DENY",
    form: { kind: "list", of: "destinations" },
    absence: "none",
    meaning: "Upstreams that must not be called whatever else is allowed: networks and hosts.",
  },
  egressHttp: {
    name: "HOOKWATCH_EGRESS_HTTP",
    form: { kind: "choice", values: ["0", "1"] },
    fallback: "0",
    meaning: "`1` allows upstreams by http with `HOOKWATCH_EGRESS=public`, too.",
  },
  trustedProxies: {
    name: "HOOKWATCH_TRUSTED_PROXIES",
    form: { kind: "list", of: "networks" },
    absence: "none",
    meaning:
      "The reverse proxies before this host: their `X-Forwarded-For` is believed for `source_ip` and for what is counted by client; read from its right end, up to the first address that is none of them.",
  },
  connectionsPerClientMax: {
    name: "HOOKWATCH_CONNECTIONS_PER_CLIENT_MAX",
    form: { kind: "whole", min: 0, max: 1_000_000, unit: "connections" },
    fallback: "1000",
    meaning:
      "Open connections from one address (of IPv6: one /64), beyond which new ones get 503; this machine and trusted proxies are not counted. 0 is no limit.",
  },
  exchangesPerTeamMax: {
    name: "HOOKWATCH_EXCHANGES_PER_TEAM_MAX",
    form: { kind: "whole", min: 0, max: 1_000_000, unit: "exchanges" },
    absence: "1000 with open sign-up, else 0",
    meaning:
      "Exchanges of one team's servers that may be open at once, streams included, beyond which new ones get 503; 0 is no limit.",
  },
  signup: {
    name: "HOOKWATCH_SIGNUP",
    form: { kind: "choice", values: ["closed", "open"] },
    fallback: "closed",
    meaning:
      "`open` lets anyone register an account, `closed` who is invited or comes from `HOOKWATCH_OIDC_ALLOWED_DOMAINS`.",
  },
  oidcIssuer: {
    name: "HOOKWATCH_OIDC_ISSUER",
    form: { kind: "url", schemes: ["http", "https"] },
    absence: "none",
    meaning:
      "An OpenID provider that users can sign in with; it must let browsers come back to `/v1/auth/oidc/callback` of the public URL. See docs/accounts.md.",
  },
  oidcClientId: {
    name: "HOOKWATCH_OIDC_CLIENT_ID",
    form: { kind: "text", minLength: 1, maxLength: 500 },
    absence: "none",
    meaning: "What the provider knows this host by.",
  },
  oidcClientSecret: {
    name: "HOOKWATCH_OIDC_CLIENT_SECRET",
    form: { kind: "text", minLength: 8, maxLength: 1_000, secret: true },
    absence: "none: a public client",
    meaning: "What this host proves to the provider who it is with.",
  },
  oidcAllowedDomains: {
    name: "HOOKWATCH_OIDC_ALLOWED_DOMAINS",
    form: { kind: "list", of: "domains" },
    absence: "none",
    meaning:
      "Whose users get an account at their first sign-in with the provider though sign-up is closed, by what follows the `@` of an address that the provider has verified: `example.com`.",
  },
  serversMax: {
    name: "HOOKWATCH_SERVERS_MAX",
    form: { kind: "whole", min: 0, max: 1_000_000, unit: "servers" },
    fallback: "0",
    meaning:
      "How many servers a team may register, where there is no file of plans; 0 is no limit.",
  },
  plansFile: {
    name: "HOOKWATCH_PLANS_FILE",
    form: { kind: "text", minLength: 1, maxLength: 4_096 },
    absence: "one plan without limits",
    meaning:
      "A JSON file with the plans that teams can be on, the first of them that of new teams; docs/plans.example.json is one.",
  },
  upstreamIdleTimeoutMs: {
    name: "HOOKWATCH_UPSTREAM_IDLE_TIMEOUT_MS",
    form: { kind: "whole", min: 100, max: 86_400_000, unit: "milliseconds" },
    fallback: "300000",
    meaning: "No byte from the upstream for so long ends a POST exchange as `timeout`.",
  },
  bodyCaptureMaxBytes: {
    name: "HOOKWATCH_BODY_CAPTURE_MAX_BYTES",
    form: { kind: "whole", min: 1_024, max: 16_777_216, unit: "bytes" },
    fallback: "1048576",
    meaning: "How much of each body the log keeps; the proxied bytes are never cut.",
  },
  requestMaxBytes: {
    name: "HOOKWATCH_REQUEST_MAX_BYTES",
    form: { kind: "whole", min: 1_024, max: gibibyte, unit: "bytes" },
    fallback: "67108864",
    meaning: "Larger request bodies get 413; answers are never limited.",
  },
  retentionDays: {
    name: "HOOKWATCH_RETENTION_DAYS",
    form: { kind: "whole", min: 0, max: 36_500, unit: "days" },
    fallback: "30",
    meaning: "Calls older than this are removed; 0 keeps all.",
  },
  bodyRetentionDays: {
    name: "HOOKWATCH_BODY_RETENTION_DAYS",
    form: { kind: "whole", min: 0, max: 36_500, unit: "days" },
    fallback: "0",
    meaning:
      "Bodies and transcripts of calls older than this are removed, and the calls stay; 0 keeps them as long as their calls.",
  },
  spillMaxBytes: {
    name: "HOOKWATCH_SPILL_MAX_BYTES",
    form: { kind: "whole", min: 0, max: 1_099_511_627_776, unit: "bytes" },
    fallback: "1073741824",
    meaning:
      "How much `spill` in the data folder may take for calls that the call log cannot take yet; a tenth of the disk stays free in any case. 0 keeps them in memory alone.",
  },
  strictLogging: {
    name: "HOOKWATCH_STRICT_LOGGING",
    form: { kind: "choice", values: ["0", "1"] },
    fallback: "0",
    meaning:
      "`1` refuses new exchanges with 503 while neither memory nor disk has room to record them, instead of letting them pass unrecorded.",
  },
  durableCalls: {
    name: "HOOKWATCH_DURABLE_CALLS",
    form: { kind: "choice", values: ["0", "1"] },
    fallback: "0",
    meaning:
      "`1` lets each answer end only after its call was synced to disk, for up to 10 s: a call whose answer has ended is never lost, and each answer takes a sync longer.",
  },
  drainMs: {
    name: "HOOKWATCH_DRAIN_MS",
    form: { kind: "whole", min: 0, max: 3_600_000, unit: "milliseconds" },
    fallback: "5000",
    meaning:
      "How long calls that are under way may run on when the host is told to stop; streams that answer none end after their event.",
  },
  drainDelayMs: {
    name: "HOOKWATCH_DRAIN_DELAY_MS",
    form: { kind: "whole", min: 0, max: 3_600_000, unit: "milliseconds" },
    fallback: "0",
    meaning:
      "How long a host that was told to stop goes on as before, but that `/readyz` says 503: until a load balancer has seen that. See docs/restarts.md.",
  },
  logLevel: {
    name: "HOOKWATCH_LOG_LEVEL",
    form: { kind: "choice", values: ["debug", "info", "warn", "error"] },
    fallback: "info",
    meaning: "What goes to stderr: JSON lines, or readable lines when it is a terminal.",
  },
} as const satisfies Record<string, Variable>;

export type VariableKey = keyof typeof variables;

/** `HOOKWATCH_DATA_DIR` → `data-dir`. */
export function flagOf(variable: Variable): string {
  return variable.name.slice("HOOKWATCH_".length).toLowerCase().replaceAll("_", "-");
}

/** The range of values in words: `1 to 65535`, `local or public`. */
export function rangeOf(form: Form): string {
  if (form.kind === "whole") return `${form.min} to ${form.max}${form.unit && ` ${form.unit}`}`;
  if (form.kind === "text") {
    const what = form.secret ? "printable ASCII characters, no blank at either end" : "characters";
    return `${form.minLength} to ${form.maxLength} ${what}`;
  }
  if (form.kind === "choice") return form.values.join(" or ");
  if (form.kind === "list") {
    return `${listed[form.of]}, separated by commas`;
  }
  return form.schemes.map((scheme) => `${scheme}:…`).join(" or ");
}

const listed = {
  networks: "addresses or networks",
  destinations: "addresses, networks or hosts",
  domains: "domains",
} as const;
