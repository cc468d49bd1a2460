/** The conformance suite's client with nothing between it and the suite's server: its URL is the last argument. */
import { runClient } from "./client-fixture.ts";

await runClient(process.argv.at(-1) ?? "");
