/**
 * The conformance suite's client, with the product between it and the suite's server.
 *
 * In: the server's URL as the last argument; the product's URL and API key as HOOKWATCH_URL and
 * HOOKWATCH_API_KEY. Registers the server, and does with its proxy URL what a user does with it.
 */
import { Api } from "../e2e/api.ts";
import { runClient } from "./client-fixture.ts";

const { HOOKWATCH_URL: url = "", HOOKWATCH_API_KEY: apiKey = "" } = process.env;
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? "conformance";
const server = await new Api(url, apiKey).addServer(scenario, process.argv.at(-1) ?? "");
await runClient(server.proxy_url);
