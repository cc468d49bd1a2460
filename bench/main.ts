/** `npm run bench -- [names] [numbers and flags]`: runs the named benchmarks, or all; the rest is handed to them. */
const names = ["store", "backup", "capture", "proxy", "profile"];
const words = process.argv.slice(2);
const chosen = words.filter((word) => /^[a-z]/.test(word));
if (words.includes("--help")) {
  console.log(
    `npm run bench -- [${names.join(" | ")}] [flags]; flags are told at the top of bench/<name>.ts`,
  );
  process.exit();
}
process.argv.splice(2, words.length, ...words.filter((word) => !chosen.includes(word)));

for (const name of chosen.length > 0 ? chosen : names) {
  if (!names.includes(name)) {
    console.error(`there is no benchmark "${name}"; there are ${names.join(", ")}`);
    process.exit(1);
  }
  console.log(`\n# ${name}\n`);
  try {
    await import(`./${name}.ts`);
  } catch (cause) {
    if (!String(Object(cause).code).startsWith("ERR_PARSE_ARGS")) throw cause;
    console.error(`${name}: ${Object(cause).message}`);
    process.exit(2);
  }
}
// What was compared still runs; it ends with this process.
process.exit();
