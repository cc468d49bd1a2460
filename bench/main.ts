/** `npm run bench -- [name]`: runs the named benchmark, or all of them, one after the other. */
const names = ["store", "capture", "proxy"];
const chosen = process.argv.slice(2).filter((word) => !word.startsWith("-"));

for (const name of chosen.length > 0 ? chosen : names) {
  if (!names.includes(name)) {
    console.error(`there is no benchmark "${name}"; there are ${names.join(", ")}`);
    process.exit(1);
  }
  console.log(`\n# ${name}\n`);
  await import(`./${name}.ts`);
}
