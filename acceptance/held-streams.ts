/** `node held-streams.ts <url> <count> [a second]`: a process that holds so many streams, says so, and waits to be killed. */
import { setTimeout as sleep } from "node:timers/promises";
import { StreamClient } from "./stream-client.ts";

const [url = "", count = "0", perSecond] = process.argv.slice(2);
const clients: StreamClient[] = [];
const atOnce = perSecond === undefined ? Number(count) : Number(perSecond) / 10;
while (clients.length < Number(count)) {
  if (clients.length > 0) await sleep(100);
  const more = Math.min(atOnce, Number(count) - clients.length);
  clients.push(...Array.from({ length: more }, () => new StreamClient(url)));
}
await Promise.all(clients.map(({ opened }) => opened));
console.log("held");
