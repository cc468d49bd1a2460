/** `hookwatch serve`: runs the host until a signal ends it. */
import { relative } from "node:path";
import { setFlagsFromString } from "node:v8";
import { systemClock } from "../clock.ts";
import { readConfig } from "../host/config.ts";
import { configurationHelp } from "../host/configuration-page.ts";
import type { Host } from "../host/host.ts";
import { type Command, done } from "./command.ts";
import { heapFlags } from "./heap-flags.ts";
import { version } from "./version.ts";

export const serve: Command = {
  form: "serve [settings]",
  summary: "run the proxy, the API and their stores",
  help: `Settings, as flags or in the environment:\n\n${configurationHelp()}`,
  run,
};

async function run(flags: readonly string[]): Promise<number> {
  const config = readConfig(flags);
  for (const flag of heapFlags) setFlagsFromString(flag);
  // Here, so that no other command loads what only a host needs.
  const [{ openHost }, { openLog }] = await Promise.all([
    import("../host/host.ts"),
    import("../host/log.ts"),
  ]);
  const log = openLog(config.logLevel, process.stderr);
  const host = await openHost(config, { log, version });
  const ended = firstSignal();
  // After that, so that whoever reads it may send a signal at once.
  process.stdout.write(greeting(host));
  const signal = await ended;
  log.info({ signal }, "shutting down");
  await host[Symbol.asyncDispose]();
  return done;
}

/** A terminal's Ctrl-C reaches this process directly and again through the launcher, within this time. */
const echoMs = 1_000;

/** Resolves to the first signal to end. A later one means now: what is still under way is not waited for. */
function firstSignal(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let firstAtMs: number | undefined;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      const nowMs = systemClock.monotonicMs();
      firstAtMs ??= nowMs;
      if (nowMs - firstAtMs > echoMs) process.exit(1);
      resolve(signal);
    });
  }
  return promise;
}

/**
 * Every start shows where it listens, and the way into the dashboard while its owner has no password, last, where people
 * look; the first one shows the key, once.
 */
function greeting({ url, newKey, signInUrl, dataDir }: Host): string {
  const first = `HookWatch is listening on ${url}\n`;
  return `${first}${newKeyShown(newKey, url, dataDir)}${signInLink(signInUrl)}`;
}

function newKeyShown(newKey: string | undefined, url: string, dataDir: string): string {
  if (newKey === undefined) return "";
  const path = relative(process.cwd(), dataDir);
  const shown = path === "" || path.startsWith("..") ? dataDir : `./${path}`;
  return `
This first start made an owner, a team and an API key in ${shown}.
The key is shown only now:

  ${newKey}

Register an MCP server (here one that listens on port 3001):

  curl -s ${url}/v1/mcp/servers -H "Authorization: Bearer ${newKey}" \\
    -H "Content-Type: application/json" \\
    -d '{"name":"Everything","target_url":"http://127.0.0.1:3001/mcp"}'

Give the agent the "proxy_url" of the answer in place of the server's own URL, then read its calls:

  curl -s "${url}/v1/mcp/calls?limit=5" -H "Authorization: Bearer ${newKey}"
`;
}

function signInLink(url: string | undefined): string {
  if (url === undefined) return "";
  return `
Open the dashboard as its owner; the link works once, within 24 hours, and each start prints a new one
until the owner has a password:

  ${url}

`;
}
