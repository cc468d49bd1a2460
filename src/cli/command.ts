/** What a command is to the entry, and how one reads its arguments. */
import { parseArgs } from "node:util";
import { type Config, readConfig } from "../host/config.ts";
import { flagOf, type VariableKey, variables } from "../host/variables.ts";
import { invalid } from "../problem.ts";

export interface Command {
  /** As it is typed: `backup <folder>`. */
  readonly form: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What its `--help` adds, lines of at most 80 columns. */
  readonly help: string;
  /** Resolves to the exit code. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** Exit codes, the same for every command. */
export const done = 0;
/** It could not be done, or `check` found damage. */
export const failed = 1;
/** The command line or the settings cannot be used. */
export const misused = 2;

/** The settings that say where the stores are. */
const storeKeys = ["dataDir", "registryUrl", "callsUrl"] as const satisfies VariableKey[];

/** Help for commands that take these settings alone. */
export const storeSettingsHelp = storeKeys
  .map((key) => {
    const { name, fallback } = variables[key];
    return `  --${flagOf(variables[key]).padEnd(14)} ${name}, default ${fallback}`;
  })
  .join("\n");

/**
 * Reads the arguments of a command that works on the stores: their settings, and as many words as it has names for.
 * `more` are settings that it takes besides.
 *
 * @throws Problem `validation_error` — an unknown flag, a word too many or too few, a setting that cannot be used.
 */
export function storeArguments(
  args: readonly string[],
  names: readonly string[] = [],
  more: readonly VariableKey[] = [],
): { readonly config: Config; readonly words: readonly string[] } {
  const options = Object.fromEntries(
    [...storeKeys, ...more].map((key) => [flagOf(variables[key]), { type: "string" as const }]),
  );
  const { values, positionals } = parsedArguments(args, options);
  const [missing] = names.slice(positionals.length);
  if (missing) throw misuse(`needs a ${missing}`);
  const [unexpected] = positionals.slice(names.length);
  if (unexpected !== undefined) throw misuse(`has an unexpected word "${unexpected}"`);
  const flags = Object.entries(values).map(([flag, value]) => `--${flag}=${value}`);
  return { config: readConfig(flags), words: positionals };
}

/** @throws Problem `validation_error` — there is any. */
export function noArguments(args: readonly string[]): void {
  const [unexpected] = args;
  if (unexpected !== undefined) throw misuse(`has an unexpected word "${unexpected}"`);
}

/** @throws Problem `validation_error` — an unknown flag, or one without a value. */
export function parsedArguments(
  args: readonly string[],
  options: Readonly<Record<string, { readonly type: "string" }>>,
) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    // "Unknown option '--x'. To specify a positional argument …": the first sentence is enough.
    throw misuse(`cannot be read: ${message.split(". ")[0]}`);
  }
}

function misuse(message: string) {
  return invalid({ field: "command line", message });
}
