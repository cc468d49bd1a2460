import { Socket } from "node:net";
import { expect, test } from "vitest";
import { Connections } from "./connections.ts";

/** A connection from some address, as far as anybody looks at it. */
function from(remoteAddress: string): Socket {
  return Object.defineProperty(new Socket(), "remoteAddress", { value: remoteAddress });
}

function connections(changes: Partial<ConstructorParameters<typeof Connections>[0]> = {}) {
  return new Connections({
    connectionsMax: 100,
    connectionsPerClientMax: 2,
    excessMax: 3,
    excessPerClientMax: 1,
    isShared: (address) => address === "10.0.0.1",
    ...changes,
  });
}

/** What became of each: served, told to come again, or closed. */
function fates(all: Connections, addresses: readonly string[]): string[] {
  const sockets = addresses.map(from);
  for (const socket of sockets) all.add(socket);
  return sockets.map((socket) =>
    socket.destroyed ? "closed" : all.isExcess(socket) ? "told" : "served",
  );
}

test.for([
  ["an address", ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"]],
  [
    "a /64 of IPv6",
    ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4", "2001:db8:0:1::1"],
  ],
  ["a mapped address", ["::ffff:192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1", "::1"]],
] as const)(
  "%s has so many connections, one more is told so, further ones are closed",
  ([, addresses]) => {
    expect(fates(connections(), addresses)).toEqual([
      "served",
      "served",
      "told",
      "closed",
      "served",
    ]);
  },
);

test.for(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "10.0.0.1"])(
  "%s stands for many clients and has no limit of its own",
  (address) => {
    expect(fates(connections(), new Array(5).fill(address))).toEqual(new Array(5).fill("served"));
  },
);

test("no limit for one client is none", () => {
  const all = connections({ connectionsPerClientMax: 0 });
  expect(fates(all, new Array(5).fill("192.0.2.1"))).toEqual(new Array(5).fill("served"));
});

test("beyond the limit of all so many are told so, and the others closed", () => {
  const all = connections({ connectionsMax: 2, connectionsPerClientMax: 0 });
  const addresses = Array.from({ length: 7 }, (_, at) => `192.0.2.${at}`);
  const told = ["told", "told", "told"];
  expect(fates(all, addresses)).toEqual(["served", "served", ...told, "closed", "closed"]);
  expect(all.stats().refusedConnections).toBe(5);
});

test("a connection that ends makes room for its client", async () => {
  const all = connections();
  const sockets = [from("192.0.2.1"), from("192.0.2.1")];
  for (const socket of sockets) all.add(socket);
  const closed = new Promise((resolve) => sockets[0]?.once("close", resolve));
  sockets[0]?.destroy();
  await closed;
  expect(fates(all, ["192.0.2.1", "192.0.2.1"])).toEqual(["served", "told"]);
  expect(all.stats().openConnections).toBe(3);
});
