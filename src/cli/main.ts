/** The program's entry: picks the command, turns what goes wrong into one sentence and an exit code. */
import { configurationHelp } from "../host/configuration-page.ts";
import { Problem } from "../problem.ts";
import { serve } from "./serve.ts";
import { version } from "./version.ts";

const usage = `hookwatch — records every call that AI agents make to MCP servers

  hookwatch serve [settings]   run the proxy, the API and their stores
  hookwatch version            print the versions of HookWatch and of its runtime

Settings of serve, as flags or in the environment:
${configurationHelp()}
`;

const [command = "help", ...flags] = process.argv.slice(2);

try {
  await run();
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  for (const line of sentences(error)) process.stderr.write(`hookwatch: ${line}\n`);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  if (flags.includes("--help") || flags.includes("-h")) {
    process.stdout.write(usage);
    return;
  }
  switch (command) {
    case "serve":
      return await serve(flags);
    case "version":
    case "--version":
      process.stdout.write(`hookwatch ${version} on Node.js ${process.version}\n`);
      return;
    case "help":
    case "--help":
    case "-h":
      process.stdout.write(usage);
      return;
    default:
      throw new Problem(
        "validation_error",
        `there is no command "${command}"; "hookwatch help" lists them`,
      );
  }
}

function sentences(problem: Problem): string[] {
  if (problem.details.length === 0) return [problem.message];
  return problem.details.map(({ field, message }) => `${field} ${message}`);
}
