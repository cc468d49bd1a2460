import type { LookupAddress } from "node:dns";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { Destinations } from "./destinations.ts";
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
  ["public", "https://8.8.8.8:8080/", undefined],
  ["public", "http://8.8.8.8:8080/", "must not point to http, only to https"],
  ["public", "http://example.com/", "must not point to http, only to https"],
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
  ["public", "https://example.com:6379/", "must not point to port 6379"],
  ["public", "https://example.com:25/", "must not point to port 25"],
] as const)(
  "a URL is judged by where it leads, however it says so: %s, %s",
  ([mode, url, refusal]) => {
    expect(egressRule({ mode }).refuse(new URL(url))).toBe(refusal);
  },
);

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
  ["a private address behind a public name", "public", ["127.0.0.1"], "HOOKWATCH_UNREACHABLE"],
] as const)(
  "a name is judged by every address it has when it is called: %s",
  async ([, mode, addresses, outcome]) => {
    await using upstream = await listening();
    const egress = egressRule(
      { mode, plainHttp: true },
      resolving(() => addresses),
    );
    expect(await dial(egress, `http://name.example:${upstream.port}`)).toBe(outcome);
  },
);

test("a name that changes its address between two connections is judged anew", async () => {
  await using upstream = await listening();
  let addresses = ["127.0.0.1"];
  const egress = egressRule(
    { mode: "local" },
    resolving(() => addresses),
  );
  const origin = `http://name.example:${upstream.port}`;
  expect(await dial(egress, origin)).toBe("connected");
  addresses = ["169.254.169.254"];
  expect(await dial(egress, origin)).toBe("HOOKWATCH_ADDRESS_FORBIDDEN");
});

test("a name that is slow to resolve is asked for once by all connections that wait for it", async () => {
  await using upstream = await listening();
  const answers: (() => void)[] = [];
  const slow: Resolve = (_hostname, _options, callback) => {
    answers.push(() => callback(null, [{ address: "127.0.0.1", family: 4 }]));
  };
  const connect = connecting(egressRule({ mode: "local" }, slow));
  const origin = `http://name.example:${upstream.port}`;
  const outcomes = Array.from({ length: 20 }, () => connect(origin));
  expect(answers).toHaveLength(1);
  answers[0]?.();
  expect(await Promise.all(outcomes)).toEqual(new Array(20).fill("connected"));
  const next = connect(origin);
  expect(answers).toHaveLength(2);
  answers[1]?.();
  expect(await next).toBe("connected");
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
  const egress = egressRule({ mode: "public", plainHttp: true }, (_hostname, _options, callback) =>
    callback(null, [shifty]),
  );
  expect(await dial(egress, `http://name.example:${upstream.port}`)).toBe("HOOKWATCH_UNREACHABLE");
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
    const egress = egressRule({ mode });
    expect(await dial(egress, origin.replace("PORT", String(upstream.port)))).toBe(
      "HOOKWATCH_ADDRESS_FORBIDDEN",
    );
    expect(upstream.accepted()).toBe(0);
  },
);

test("we do not call ourselves, by whatever name", async () => {
  await using own = await listening();
  const egress = egressRule(
    { mode: "local" },
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

const list = (...texts: string[]) => new Destinations(texts);

test.for([
  ["a network in public mode", "public", "http://10.1.2.3:6379/", undefined],
  [
    "another network in public mode",
    "public",
    "http://10.2.0.1/",
    "must not point to a private address",
  ],
  ["the same inside IPv6", "public", "http://[::ffff:10.1.2.3]/", undefined],
  ["a link-local address", "public", "http://169.254.10.1/", undefined],
  ["an address of metadata", "local", "http://169.254.169.254/", undefined],
  ["a name in public mode", "public", "http://mcp.internal:9200/", undefined],
  ["a name of metadata", "local", "http://metadata.google.internal/", undefined],
  ["another name", "public", "https://other.internal:9200/", undefined],
  [
    "a public address by http",
    "public",
    "http://8.8.8.8/",
    "must not point to http, only to https",
  ],
] as const)("what the operator allows is allowed: %s", ([, mode, url, refusal]) => {
  const allow = list(
    "10.1.0.0/16",
    "169.254.10.0/24",
    "169.254.169.254",
    "mcp.internal",
    "metadata.google.internal",
  );
  expect(egressRule({ mode, allow }).refuse(new URL(url))).toBe(refusal);
});

test.for([
  ["a public address", "https://8.8.8.8/", "must not point to an address that is denied here"],
  ["a private one", "http://192.168.7.1/", "must not point to an address that is denied here"],
  [
    "one that is allowed, too",
    "http://10.1.2.3/",
    "must not point to an address that is denied here",
  ],
  ["a name", "https://evil.example/", "must not point to evil.example"],
  ["a name below one", "https://a.b.evil.example./", "must not point to a.b.evil.example"],
  ["an allowed name", "https://mcp.evil.example/", "must not point to mcp.evil.example"],
  ["nothing else", "http://192.168.8.1/", undefined],
] as const)("what the operator denies is denied: %s", ([, url, refusal]) => {
  const deny = list(
    "8.8.8.0/24",
    "192.168.7.0/24",
    "10.1.0.0/16",
    "evil.example",
    "*.evil.example",
  );
  const allow = list("10.0.0.0/8", "mcp.evil.example");
  expect(egressRule({ mode: "local", allow, deny }).refuse(new URL(url))).toBe(refusal);
});

test.for([
  ["an allowed network behind a name", "public", { allow: ["127.0.0.0/8"] }, "connected"],
  ["an allowed name in a private network", "public", { allow: ["name.example"] }, "connected"],
  ["another allowed name", "public", { allow: ["other.example"] }, "HOOKWATCH_UNREACHABLE"],
  [
    "a denied network behind a name",
    "local",
    { deny: ["127.0.0.0/8"] },
    "HOOKWATCH_ADDRESS_FORBIDDEN",
  ],
  [
    "a denied network behind an allowed name",
    "local",
    { allow: ["name.example"], deny: ["127.0.0.0/8"] },
    "HOOKWATCH_ADDRESS_FORBIDDEN",
  ],
] as const)(
  "the operator's lists hold when a name is called: %s",
  async ([, mode, lists, outcome]) => {
    await using upstream = await listening();
    const { allow = [], deny = [] }: { allow?: readonly string[]; deny?: readonly string[] } =
      lists;
    const rules = { mode, plainHttp: true, allow: list(...allow), deny: list(...deny) };
    const egress = egressRule(
      rules,
      resolving(() => ["127.0.0.1"]),
    );
    expect(await dial(egress, `http://name.example:${upstream.port}`)).toBe(outcome);
    expect(upstream.accepted()).toBe(outcome === "connected" ? 1 : 0);
  },
);

test("an allowed name that leads to metadata is not called", async () => {
  const rules = { mode: "local", allow: list("name.example") } as const;
  const egress = egressRule(
    rules,
    resolving(() => ["169.254.169.254"]),
  );
  expect(await dial(egress, "http://name.example")).toBe("HOOKWATCH_ADDRESS_FORBIDDEN");
});

test("no list lets anyone call ourselves", async () => {
  const egress = egressRule({ mode: "local", allow: list("127.0.0.0/8", "::/0") });
  egress.recognise({ address: "127.0.0.1", port: 7070 });
  expect(egress.refuse(new URL("http://127.0.0.1:7070/"))).toBe(
    "must not point to this proxy itself",
  );
});

test("in public mode a name that does not exist looks like one that must not be called", async () => {
  const outcomes = await Promise.all(
    [resolving(() => ["10.0.0.1"]), noSuchName].map((resolve) =>
      dial(egressRule({ mode: "public" }, resolve), "https://name.example"),
    ),
  );
  expect(outcomes).toEqual(["HOOKWATCH_UNREACHABLE", "HOOKWATCH_UNREACHABLE"]);
  expect(await dial(egressRule({ mode: "local" }, noSuchName), "https://name.example")).toBe(
    "ENOTFOUND",
  );
});

test("http is allowed in public mode if the operator says so, and nothing else is by that", () => {
  const egress = egressRule({ mode: "public", plainHttp: true });
  expect(egress.refuse(new URL("http://example.com/"))).toBeUndefined();
  expect(egress.refuse(new URL("http://10.0.0.1/"))).toBe("must not point to a private address");
});

const noSuchName: Resolve = (_hostname, _options, callback) =>
  callback(Object.assign(new Error("no"), { code: "ENOTFOUND" }), []);

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
  return connecting(egress)(origin);
}

/** Likewise, always by one and the same connector, which the first origin decides. */
function connecting(egress: Egress): (origin: string) => Promise<string> {
  let connector: ReturnType<Egress["connector"]> | undefined;
  return (origin) => {
    const { hostname, port, protocol, host } = new URL(origin);
    const { promise, resolve } = Promise.withResolvers<string>();
    connector ??= egress.connector(origin, 1_000);
    connector(
      { hostname: hostname.replace(/^\[|\]$/g, ""), host, port, protocol },
      (error, socket) => {
        socket?.destroy();
        resolve(error === null ? "connected" : String((error as { code?: unknown }).code));
      },
    );
    return promise;
  };
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
  expect(modes.map((mode) => egressRule({ mode }).refuse(new URL("https://example.com")))).toEqual([
    undefined,
    undefined,
  ]);
});
