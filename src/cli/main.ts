/** The program's entry: picks the command, turns what goes wrong into one sentence and an exit code. */
import { Problem } from "../problem.ts";
import { backup } from "./backup.ts";
import { check } from "./check.ts";
import { type Command, done, failed, misused, noArguments } from "./command.ts";
import { plan } from "./plan.ts";
import { repair } from "./repair.ts";
import { restore } from "./restore.ts";
import { serve } from "./serve.ts";
import { signInLink } from "./sign-in-link.ts";
import { version } from "./version.ts";

const commands: Readonly<Record<string, Command>> = {
  serve,
  "sign-in-link": signInLink,
  plan,
  backup,
  restore,
  check,
  repair,
  version: {
    form: "version",
    summary: "print the versions of HookWatch and of its runtime",
    help: "",
    run: async (args) => {
      noArguments(args);
      process.stdout.write(`hookwatch ${version} on Node.js ${process.version}\n`);
      return done;
    },
  },
};

const columns = 24;
const usage = `hookwatch — records every call that AI agents make to MCP servers

${Object.values(commands)
  .map(({ form, summary }) => `  hookwatch ${form.padEnd(columns)} ${summary}`)
  .join("\n")}

"hookwatch <command> --help" says more about one of them.
Exit codes: ${done} it is done; ${failed} it could not be done, or check found damage; ${misused} the command line or
the settings cannot be used. What goes wrong is said on stderr, in a sentence.
`;

const aliases: Readonly<Record<string, string>> = {
  "--version": "version",
  "-v": "version",
  "--help": "help",
  "-h": "help",
};

const [word = "help", ...args] = process.argv.slice(2);

try {
  process.exitCode = await run(aliases[word] ?? word);
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  for (const line of sentences(error)) process.stderr.write(`hookwatch: ${line}\n`);
  process.exitCode = error.code === "validation_error" ? misused : failed;
}

async function run(name: string): Promise<number> {
  if (name === "help") return help(args[0]);
  const command = commandNamed(name);
  if (args.includes("--help") || args.includes("-h")) return help(name);
  return await command.run(args);
}

function help(name: string | undefined): number {
  if (name === undefined) process.stdout.write(usage);
  else {
    const { form, summary, help: more } = commandNamed(name);
    process.stdout.write(`hookwatch ${form} — ${summary}\n${more && `\n${more}\n`}`);
  }
  return done;
}

function commandNamed(name: string): Command {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command) return command;
  const message = `there is no command "${name}"; "hookwatch help" lists them`;
  throw new Problem("validation_error", message);
}

function sentences(problem: Problem): string[] {
  if (problem.details.length === 0) return [problem.message];
  return problem.details.map(({ field, message }) => `${field} ${message}`);
}
