/** Writes the documents that are printed from code. */
import { writeFileSync } from "node:fs";
import { configurationPage } from "../src/host/configuration-page.ts";

writeFileSync("docs/configuration.md", configurationPage());
console.log("wrote docs/configuration.md");
