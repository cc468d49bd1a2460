/**
 * `hookwatch sign-in-link`: a way into the dashboard for who can read the data folder. The host may run meanwhile: the
 * registry takes several processes.
 */
import { existsSync } from "node:fs";
import { newSignInLink } from "../access/sign-in-links.ts";
import { systemClock } from "../clock.ts";
import { type Config, readConfig } from "../host/config.ts";
import { bootstrapOwner, presentOwner } from "../host/founding.ts";
import { openRegistry, storeFiles } from "../host/stores.ts";
import { flagOf, type Variable, type VariableKey, variables } from "../host/variables.ts";
import { invalid, Problem } from "../problem.ts";
import type { Registry } from "../store/registry.ts";
import { parseEmail, type User } from "../user.ts";
import { type Command, done, noArguments, parsedArguments } from "./command.ts";

/** The settings that say where the accounts are, and where users reach the host. */
const settings = [
  "dataDir",
  "registryUrl",
  "publicUrl",
  "host",
  "port",
] as const satisfies VariableKey[];

export const signInLink: Command = {
  form: "sign-in-link [--email …]",
  summary: "print a link that signs a user in, once",
  help: `The owner's unless --email names another user. It works within 24 hours, also while the host runs.

${settings.map(describe).join("\n")}`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { config, email } = read(args);
  const { registry: file } = storeFiles(config);
  if (file === undefined || !existsSync(file)) {
    const message = `there are no accounts in ${file ?? config.registryUrl}; start the host first`;
    throw new Problem("unavailable", message);
  }
  await using registry = openRegistry(config.registryUrl, config.dataDir);
  const userId = email === undefined ? await owner(registry) : (await named(registry, email)).id;
  const link = await newSignInLink(registry, hostUrl(config), userId, systemClock.nowMs());
  process.stdout.write(`${link}\n`);
  return done;
}

async function owner(registry: Registry): Promise<string> {
  const { team } = await bootstrapOwner(registry, systemClock);
  return presentOwner(registry, team.id);
}

async function named(registry: Registry, email: string): Promise<User> {
  const user = await registry.findUserByEmail(parseEmail(email));
  if (user) return user;
  throw new Problem("resource_not_found", `nobody has the address ${email}`);
}

/** Where a host with these settings listens. */
function hostUrl({ publicUrl, host, port }: Config): string {
  if (publicUrl !== undefined) return publicUrl;
  if (port === 0) {
    const message = "is 0, which says not where the host listens; give --public-url";
    throw invalid({ field: variables.port.name, message });
  }
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

function read(args: readonly string[]): {
  readonly config: Config;
  readonly email: string | undefined;
} {
  const flags = settings.map((key) => [flagOf(variables[key]), { type: "string" as const }]);
  const options = { ...Object.fromEntries(flags), email: { type: "string" as const } };
  const { values: given, positionals } = parsedArguments(args, options);
  noArguments(positionals);
  const { email, ...values } = given;
  const flagged = Object.entries(values).map(([flag, value]) => `--${flag}=${value}`);
  return { config: readConfig(flagged), email };
}

function describe(key: (typeof settings)[number]): string {
  const variable: Variable = variables[key];
  const { name, fallback, absence } = variable;
  return `  --${flagOf(variable).padEnd(14)} ${name}, default ${fallback ?? absence}`;
}
