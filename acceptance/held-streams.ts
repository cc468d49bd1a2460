/** `node held-streams.ts <url> <count>`: a process that holds so many streams, says so, and waits to be killed. */
import { StreamClient } from "./stream-client.ts";

const [url = "", count = "0"] = process.argv.slice(2);
const clients = Array.from({ length: Number(count) }, () => new StreamClient(url));
await Promise.all(clients.map(({ opened }) => opened));
console.log("held");
