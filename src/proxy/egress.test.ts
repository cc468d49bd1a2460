import type { LookupAddress } from "node:dns";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { type Egress, type EgressMode, egressRule, type Resolve } from "./egress.ts";

test.for([
  ["local", "http://127.0.0.1:3001/mcp", undefined],
  ["local", "http://localhost:3001/mcp", undefined],
  ["local", "http://192.168.1.5/", undefined],
  ["local", "http://[fd12::1]/", undefined],
  ["local", "https://example.com/mcp", undefined],
  ["local", "http://[::ffff:7f00:1]:3001/", undefined],
  ["local", "http://169.254.169.254/latest", "must not point to a cloud metadata address"],
  ["local", "http://[::ffff:a9fe:a9fe]/", "must not point to a cloud metadata address"],
  ["local", "http://[64:ff9b::a9fe:a9fe]/", "must not point to a cloud metadata address"],
  ["local", "http://[2002:a9fe:a9fe::]/", "must not point to a cloud metadata address"],
  ["local", "http://[fd00:ec2::254]/", "must not point to a cloud metadata address"],
  ["local", "http://2852039166/", "must not point to a cloud metadata address"],
  ["local", "http://0xa9.0xfe.0251.0376/", "must not point to a cloud metadata address"],
  ["local", "http://①⑥⑨.254.169.254/", "must not point to a cloud metadata address"],
  ["local", "http://169.254.1.1/", "must not point to a link-local address"],
  ["local", "http://[fe80::1]/", "must not point to a link-local address"],
  ["local", "http://0/", "must not point to a reserved address"],
  ["local", "http://[::]/", "must not point to a reserved address"],
  ["local", "http://224.0.0.1/", "must not point to a reserved address"],
  ["local", "http://metadata.google.internal/", "must not point to metadata.google.internal"],
  ["local", "http://METADATA.google.internal./", "must not point to metadata.google.internal"],
  ["public", "https://example.com/mcp", undefined],
  ["public", "http://8.8.8.8:8080/", undefined],
  ["public", "http://127.0.0.1/", "must not point to a loopback address"],
  ["public", "http://2130706433/", "must not point to a loopback address"],
  ["public", "http://0177.0.0.1/", "must not point to a loopback address"],
  ["public", "http://[::1]/", "must not point to a loopback address"],
  ["public", "http://localhost/", "must not point to localhost"],
  ["public", "http://a.localhost./", "must not point to a.localhost"],
  ["public", "http://10.1.2.3/", "must not point to a private address"],
  ["public", "http://172.16.0.1/", "must not point to a private address"],
  ["public", "http://100.64.0.1/", "must not point to a private address"],
  ["public", "http://[fd00::1]/", "must not point to a private address"],
  ["public", "http://198.18.0.1/", "must not point to a reserved address"],
  ["public", "http://192.0.0.8/", "must not point to a reserved address"],
  ["public", "http://example.com:6379/", "must not point to port 6379"],
  ["public", "http://example.com:25/", "must not point to port 25"],
] as const)("%s: %s", ([mode, url, refusal]) => {
  expect(egressRule(mode).refuse(new URL(url))).toBe(refusal);
});

test.for([
  ["an allowed address", "local", ["127.0.0.1"], "connected"],
  ["a metadata address behind a name", "local", ["169.254.169.254"], "HOOKWATCH_ADDRESS_FORBIDDEN"],
  [
    "one bad address among good ones",
    "local",
    ["127.0.0.1", "169.254.169.254"],
    "HOOKWATCH_ADDRESS_FORBIDDEN",
  ],
  ["a mapped one", "local", ["::ffff:169.254.169.254"], "HOOKWATCH_ADDRESS_FORBIDDEN"],
  [
    "a private address behind a public name",
    "public",
    ["127.0.0.1"],
    "HOOKWATCH_ADDRESS_FORBIDDEN",
  ],
] as const)(
  "a name is judged by every address it has when it is called: %s",
  async ([, mode, addresses, outcome]) => {
    await using upstream = await listening();
    const egress = egressRule(
      mode,
      resolving(() => addresses),
    );
    expect(await dial(egress, `http://name.example:${upstream.port}`)).toBe(outcome);
  },
);

test("a name that changes its address between two connections is judged anew", async () => {
  await using upstream = await listening();
  let addresses = ["127.0.0.1"];
  const egress = egressRule(
    "local",
    resolving(() => addresses),
  );
  const origin = `http://name.example:${upstream.port}`;
  expect(await dial(egress, origin)).toBe("connected");
  addresses = ["169.254.169.254"];
  expect(await dial(egress, origin)).toBe("HOOKWATCH_ADDRESS_FORBIDDEN");
});

test("a connection that ends up elsewhere than was checked is not used", async () => {
  await using upstream = await listening();
  let asked = 0;
  const shifty: LookupAddress = {
    family: 4,
    get address() {
      asked += 1;
      return asked === 1 ? "8.8.8.8" : "127.0.0.1";
    },
  };
  const egress = egressRule("public", (_hostname, _options, callback) => callback(null, [shifty]));
  expect(await dial(egress, `http://name.example:${upstream.port}`)).toBe(
    "HOOKWATCH_ADDRESS_FORBIDDEN",
  );
  expect(asked).toBeGreaterThan(1);
});

test.for([
  ["local", "http://169.254.169.254:80"],
  ["local", "http://[::ffff:a9fe:a9fe]"],
  ["public", "http://127.0.0.1:PORT"],
  ["public", "http://[::1]:PORT"],
] as const)(
  "a literal address is judged although nothing is looked up: %s %s",
  async ([mode, origin]) => {
    await using upstream = await listening();
    const egress = egressRule(mode);
    expect(await dial(egress, origin.replace("PORT", String(upstream.port)))).toBe(
      "HOOKWATCH_ADDRESS_FORBIDDEN",
    );
    expect(upstream.accepted()).toBe(0);
  },
);

test("we do not call ourselves, by whatever name", async () => {
  await using own = await listening();
  const egress = egressRule(
    "local",
    resolving(() => ["127.0.0.1"]),
  );
  egress.recognise({
    address: "127.0.0.1",
    port: own.port,
    publicUrl: "https://hookwatch.example",
  });
  expect(egress.refuse(new URL(`http://127.0.0.1:${own.port}/p/x`))).toBe(
    "must not point to this proxy itself",
  );
  expect(egress.refuse(new URL(`http://[::ffff:127.0.0.1]:${own.port}/`))).toBe(
    "must not point to this proxy itself",
  );
  expect(egress.refuse(new URL("https://HookWatch.example:443/p/x"))).toBe(
    "must not point to this proxy itself",
  );
  expect(egress.refuse(new URL(`http://127.0.0.1:${own.port + 1}/`))).toBeUndefined();
  expect(egress.refuse(new URL("https://hookwatch.example:8443/"))).toBeUndefined();
  expect(await dial(egress, `http://other.example:${own.port}`)).toBe("HOOKWATCH_OWN_ADDRESS");
  egress.recognise({ address: "0.0.0.0", port: own.port });
  expect(egress.refuse(new URL(`http://127.0.0.9:${own.port}/`))).toBe(
    "must not point to this proxy itself",
  );
  expect(egress.refuse(new URL(`http://[::1]:${own.port}/`))).toBe(
    "must not point to this proxy itself",
  );
  expect(own.accepted()).toBe(0);
});

function resolving(addresses: () => readonly string[]): Resolve {
  return (_hostname, _options, callback) => {
    const found = addresses().map(
      (address): LookupAddress => ({ address, family: address.includes(":") ? 6 : 4 }),
    );
    setImmediate(() => callback(null, found));
  };
}

/** "connected", or the code of the error. */
function dial(egress: Egress, origin: string): Promise<string> {
  const { hostname, port, protocol, host } = new URL(origin);
  const { promise, resolve } = Promise.withResolvers<string>();
  egress.connector(origin, 1_000)(
    { hostname: hostname.replace(/^\[|\]$/g, ""), host, port, protocol },
    (error, socket) => {
      socket?.destroy();
      resolve(error === null ? "connected" : String((error as { code?: unknown }).code));
    },
  );
  return promise;
}

async function listening() {
  const sockets: Socket[] = [];
  const tcp = createServer((socket) => {
    socket.on("error", () => {});
    sockets.push(socket);
  });
  tcp.listen(0, "127.0.0.1");
  await once(tcp, "listening");
  return {
    port: (tcp.address() as AddressInfo).port,
    accepted: () => sockets.length,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      const closed = once(tcp, "close");
      tcp.close();
      await closed;
    },
  };
}

test("modes are what the configuration offers", () => {
  const modes: readonly EgressMode[] = ["local", "public"];
  expect(modes.map((mode) => egressRule(mode).refuse(new URL("https://example.com")))).toEqual([
    undefined,
    undefined,
  ]);
});
