/**
 * Whether nobody else listens where several threads of ours are to. Each of them has a socket of its own there
 * (`SO_REUSEPORT`), which the system would grant to another process of the same user, too.
 */
import { once } from "node:events";
import { createServer } from "node:net";

/** Rejects as `listen` does when the port is in use. */
export async function requireFree(host: string, port: number): Promise<void> {
  const server = createServer();
  server.listen({ host, port });
  await once(server, "listening");
  server.close();
  await once(server, "close");
}
