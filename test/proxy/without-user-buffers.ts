/** A runtime whose connections cannot read into memory that they are given. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

const name = "useUserBuffer";

/** Until it is disposed of; for the whole process, so `onread` of `net.connect` fails meanwhile. */
export async function withoutUserBuffers(): Promise<Disposable> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [socket] = (await once(server, "connection")) as [Socket];
  let owner = (socket as Socket & { _handle: object })._handle;
  while (!Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner) as object;
  const part = Object.getOwnPropertyDescriptor(owner, name);
  Reflect.deleteProperty(owner, name);
  client.destroy();
  socket.destroy();
  server.close();
  return {
    [Symbol.dispose]() {
      if (part) Object.defineProperty(owner, name, part);
    },
  };
}
