/** docs/configuration.md and the help text, printed from the table of settings. */
import { flagOf, rangeOf, type Variable, variables } from "./variables.ts";

const all: readonly Variable[] = Object.values(variables);

/** Markdown. A test compares it with the committed page; `npm run docs` writes it. */
export function configurationPage(): string {
  const rows = all.map(
    (variable) =>
      `| \`${variable.name}\` | \`--${flagOf(variable)}\` | ${defaultOf(variable)} | ${rangeOf(variable.form).replaceAll("|", "\\|")} | ${variable.meaning} |`,
  );
  return `# Configuration

Printed from the table in \`src/host/variables.ts\` by \`npm run docs\`; change it there.

Every setting is an environment variable and a flag of \`hookwatch serve\` (\`npm start -- --port 8080\`). Flags win over
the environment. What cannot be used is refused at start, all of it at once.

| variable | flag | default | values | meaning |
|---|---|---|---|---|
${rows.join("\n")}

\`HOOKWATCH_NODE\` is the path of the Node.js to run on, for the launcher alone: 24.15 or newer.
`;
}

/** For a terminal of 80 columns or more. */
export function configurationHelp(): string {
  return all
    .map(
      (variable) =>
        `  --${flagOf(variable)}  (${variable.name}, default ${defaultOf(variable)})\n      ${variable.meaning}`,
    )
    .join("\n")
    .replaceAll("`", "");
}

function defaultOf(variable: Variable): string {
  return variable.fallback === undefined ? (variable.absence ?? "") : `\`${variable.fallback}\``;
}
