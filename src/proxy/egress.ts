/**
 * Which addresses may be called. The only module that opens outbound connections.
 *
 * In: target URLs when a server is registered; host names when a connection is made. Out: a sentence that
 * refuses, or a socket to an address that was checked. A name is resolved once for each connection and every
 * address it has must be allowed; the socket's own address is checked again once it stands.
 */
import { type LookupAddress, lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { networkInterfaces } from "node:os";
import { buildConnector } from "undici";
import { type AddressKind, addressKind, canonicalAddress } from "./address.ts";

/** `local`: loopback and private networks too. `public`: nothing but global addresses. */
export type EgressMode = "local" | "public";

export interface Egress {
  /** Why a server must not be registered there, as the rest of a sentence about its URL; undefined when it may. */
  refuse(target: URL): string | undefined;
  /** Connects to one origin. Remembers TLS sessions: one for each pool, so that servers share nothing. */
  connector(origin: string, timeoutMs: number): buildConnector.connector;
  /** What not to call because it is this very process. Replaces what was told before. */
  recognise(own: OwnAddress): void;
}

export interface OwnAddress {
  /** What is listened on; `0.0.0.0` and `::` stand for every address of this machine. */
  readonly address: string;
  readonly port: number;
  /** Where others reach us; absent: nowhere else. */
  readonly publicUrl?: string;
}

/** How names become addresses: as `dns.lookup` does it. */
export type Resolve = (
  hostname: string,
  options: { readonly all: true },
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

export function egressRule(mode: EgressMode, resolve: Resolve = lookup): Egress {
  let own: OwnAddress | undefined;
  const check: Check = {
    url: (target) => {
      const host = bareHost(target.hostname);
      const port = portOf(target.protocol, target.port);
      if (isForbiddenName(host, mode)) return forbidden(host);
      if (own !== undefined && isPublicUrl(own, target)) return loop;
      if (mode === "public" && isForbiddenPort(port)) return forbidden(`port ${port}`);
      return canonicalAddress(host) === undefined ? undefined : check.address(host, port);
    },
    address: (address, port) => {
      const kind = addressKind(address);
      if (!allowedKinds[mode].has(kind)) return forbidden(`${kindNames[kind]} address`);
      return own !== undefined && isListenedOn(own, address, port) ? loop : undefined;
    },
  };
  return {
    refuse: (target) => {
      const refusal = check.url(target);
      return refusal && `must not point to ${refusal.what}`;
    },
    connector: (origin, timeoutMs) => guardedConnector(check, resolve, new URL(origin), timeoutMs),
    recognise: (told) => {
      own = told;
    },
  };
}

interface Check {
  url(target: URL): Refusal | undefined;
  address(address: string, port: number): Refusal | undefined;
}

interface Refusal {
  /** One that `failure.ts` knows. */
  readonly code: "HOOKWATCH_ADDRESS_FORBIDDEN" | "HOOKWATCH_OWN_ADDRESS";
  readonly what: string;
}

const loop: Refusal = { code: "HOOKWATCH_OWN_ADDRESS", what: "this proxy itself" };

function forbidden(what: string): Refusal {
  return { code: "HOOKWATCH_ADDRESS_FORBIDDEN", what };
}

function guardedConnector(
  check: Check,
  resolve: Resolve,
  target: URL,
  timeoutMs: number,
): buildConnector.connector {
  const port = portOf(target.protocol, target.port);
  const checkedLookup: LookupFunction = (hostname, options, callback) => {
    resolve(hostname, { all: true }, (error, addresses) => {
      if (error) return callback(error, "");
      for (const { address } of addresses) {
        const refusal = check.address(address, port);
        if (refusal) return callback(toError(refusal), "");
      }
      if (options.all) return callback(null, addresses);
      return callback(null, addresses[0]?.address ?? "", addresses[0]?.family);
    });
  };
  const connect = buildConnector({
    timeout: timeoutMs,
    allowH2: false,
    keepAliveInitialDelay: 30_000,
    maxCachedSessions: 1,
    lookup: checkedLookup,
  } as buildConnector.BuildOptions);
  return (options, callback) => {
    const refusal = check.url(target);
    if (refusal) return callback(toError(refusal), null);
    return connect(options, (...outcome) => {
      const [error, socket] = outcome;
      if (error !== null) return callback(error, null);
      const late = check.address(socket.remoteAddress ?? "", port);
      if (late === undefined) return callback(null, socket);
      socket.destroy();
      return callback(toError(late), null);
    });
  };
}

function toError({ code, what }: Refusal): Error {
  return Object.assign(new Error(`the egress rule forbids ${what}`), { code });
}

const allowedKinds: Readonly<Record<EgressMode, ReadonlySet<AddressKind>>> = {
  local: new Set<AddressKind>(["global", "loopback", "private"]),
  public: new Set<AddressKind>(["global"]),
};

const kindNames: Readonly<Record<AddressKind, string>> = {
  global: "a global",
  loopback: "a loopback",
  private: "a private",
  link_local: "a link-local",
  metadata: "a cloud metadata",
  forbidden: "a reserved",
};

const metadataNames: ReadonlySet<string> = new Set([
  "instance-data",
  "instance-data.ec2.internal",
  "metadata",
  "metadata.goog",
  "metadata.google.internal",
  "metadata.azure.internal",
  "metadata.tencentyun.com",
]);

function isForbiddenName(host: string, mode: EgressMode): boolean {
  if (metadataNames.has(host)) return true;
  return mode === "public" && (host === "localhost" || host.endsWith(".localhost"));
}

// Services that do not speak HTTP but may be harmed by it: caches, databases, brokers.
const otherServices: ReadonlySet<number> = new Set([
  1_433, 1_521, 2_049, 2_375, 2_376, 2_379, 2_380, 3_306, 3_389, 5_432, 5_672, 5_900, 6_379, 9_042,
  9_092, 9_200, 9_300, 11_211, 27_017,
]);

function isForbiddenPort(port: number): boolean {
  return otherServices.has(port) || (port < 1_024 && port !== 80 && port !== 443);
}

function isPublicUrl(own: OwnAddress, target: URL): boolean {
  const url = URL.parse(own.publicUrl ?? "");
  return (
    url !== null &&
    bareHost(url.hostname) === bareHost(target.hostname) &&
    portOf(url.protocol, url.port) === portOf(target.protocol, target.port)
  );
}

function isListenedOn(own: OwnAddress, address: string, port: number): boolean {
  if (port !== own.port) return false;
  const dialled = canonicalAddress(address);
  const listening = canonicalAddress(own.address);
  if (listening !== "0.0.0.0" && listening !== "::") return dialled === listening;
  if (addressKind(address) === "loopback") return true;
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some((one) => canonicalAddress(one.address) === dialled),
  );
}

/** Lower case, without brackets and without the root's dot. */
function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$|\.$/g, "").toLowerCase();
}

function portOf(protocol: string, port: string): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}
