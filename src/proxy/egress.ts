/**
 * Which addresses may be called. The only module that opens outbound connections.
 *
 * In: target URLs when a server is registered; host names when a connection is made. Out: a sentence that
 * refuses, or a socket to an address that was checked. A name is resolved at most once for each connection and every
 * address it has must be allowed; the socket's own address is checked again once it stands.
 */
import { lookup } from "node:dns";
import type { LookupFunction, OnReadOpts, Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { buildConnector } from "undici";
import { type AddressKind, addressKind, canonicalAddress } from "./address.ts";
import { Destinations } from "./destinations.ts";
import { type Resolve, shared } from "./resolve.ts";

export type { Resolve };

/** `local`: loopback and private networks too. `public`: global addresses only, by https, on ports of the web. */
export type EgressMode = "local" | "public";

export interface Egress {
  /** Why a server must not be registered there, as the rest of a sentence about its URL; undefined when it may. */
  refuse(target: URL): string | undefined;
  /** Connects to one origin. Remembers TLS sessions: one for each pool, so that servers share nothing. `onread`: not for TLS. */
  connector(origin: string, timeoutMs: number, onread?: OnReadOpts): Connector;
  /** What not to call because it is this very process. Replaces what was told before. */
  recognise(own: OwnAddress): void;
}

/** Gives the socket that is to be connected, if there is one, and tells once what became of it; never after it was destroyed. */
export type Connector = (
  to: ConnectorOptions,
  told: (...outcome: [error: null, socket: Socket] | [error: Error, socket: null]) => void,
) => Socket | undefined;

export interface ConnectorOptions {
  /** With the port, if there is one. */
  readonly host?: string | undefined;
  /** Without brackets. */
  readonly hostname: string;
  /** `https:` */
  readonly protocol: string;
  /** Empty for the protocol's own. */
  readonly port: string;
}

export interface OwnAddress {
  /** What is listened on; `0.0.0.0` and `::` stand for every address of this machine. */
  readonly address: string;
  readonly port: number;
  /** Where others reach us; absent: nowhere else. */
  readonly publicUrl?: string;
}

export interface EgressRules {
  readonly mode: EgressMode;
  /** The operator's: denied whatever else holds. */
  readonly deny?: Destinations;
  /**
   * The operator's: allowed whatever the mode says, on any port, by `http` too. An address also if it is link-local or
   * of cloud metadata; a name only where its addresses are global, private or loopback.
   */
  readonly allow?: Destinations;
  /** True when `http:` is allowed in `public` mode. */
  readonly plainHttp?: boolean;
}

/** What is asked for at an address. */
interface Approach {
  readonly port: number;
  readonly protocol: string;
  /** The operator has allowed the name that led here. */
  readonly nameAllowed: boolean;
}

const nowhere = new Destinations([]);

export function egressRule(rules: EgressRules, resolve: Resolve = lookup): Egress {
  let own: OwnAddress | undefined;
  const { deny = nowhere, allow = nowhere } = rules;
  const check: Check = {
    approach: ({ hostname, protocol, port }) => ({
      port: portOf(protocol, port),
      protocol,
      nameAllowed: allow.hasName(bareHost(hostname)),
    }),
    url: (target) => {
      const host = bareHost(target.hostname);
      if (own !== undefined && isPublicUrl(own, target)) return loop;
      if (deny.hasName(host)) return forbidden(host);
      const approach = check.approach(target);
      if (canonicalAddress(host) !== undefined) return check.address(host, approach);
      if (approach.nameAllowed) return undefined;
      if (isForbiddenName(host, rules.mode)) return forbidden(host);
      // An address of it may be allowed, and then the way there is, too.
      return allow.hasRanges ? undefined : wayRefusal(rules, approach);
    },
    address: (address, approach) => {
      if (own !== undefined && isListenedOn(own, address, approach.port)) return loop;
      if (deny.hasAddress(address)) return forbidden("an address that is denied here");
      if (allow.hasAddress(address)) return undefined;
      const kind = addressKind(address);
      const kinds = approach.nameAllowed ? namedKinds : allowedKinds[rules.mode];
      if (!kinds.has(kind)) return forbidden(`${kindNames[kind]} address`);
      return approach.nameAllowed ? undefined : wayRefusal(rules, approach);
    },
  };
  return {
    refuse: (target) => {
      const refusal = check.url(target);
      return refusal && `must not point to ${refusal.what}`;
    },
    connector: (origin, timeoutMs, onread) =>
      guardedConnector(check, resolve, {
        origin,
        timeoutMs,
        onread,
        tells: rules.mode === "local",
      }),
    recognise: (told) => {
      own = told;
    },
  };
}

/** Of the port or the scheme, whatever the address is. */
function wayRefusal(rules: EgressRules, { port, protocol }: Approach): Refusal | undefined {
  if (rules.mode === "local") return undefined;
  if (isForbiddenPort(port)) return forbidden(`port ${port}`);
  return protocol === "http:" && !rules.plainHttp ? forbidden("http, only to https") : undefined;
}

interface Check {
  approach(target: URL): Approach;
  url(target: URL): Refusal | undefined;
  address(address: string, approach: Approach): Refusal | undefined;
}

interface Refusal {
  /** One that `diagnosis.ts` knows. */
  readonly code: "HOOKWATCH_ADDRESS_FORBIDDEN" | "HOOKWATCH_OWN_ADDRESS" | "HOOKWATCH_UNREACHABLE";
  readonly what: string;
}

const loop: Refusal = { code: "HOOKWATCH_OWN_ADDRESS", what: "this proxy itself" };

// Whether a name of an internal network exists is nobody's business who may not call it.
const unreachable: Refusal = { code: "HOOKWATCH_UNREACHABLE", what: "what cannot be reached" };

function forbidden(what: string): Refusal {
  return { code: "HOOKWATCH_ADDRESS_FORBIDDEN", what };
}

interface Destination {
  readonly origin: string;
  readonly timeoutMs: number;
  readonly onread: OnReadOpts | undefined;
  /** True when a name that does not exist may be told from one that must not be called. */
  readonly tells: boolean;
}

function guardedConnector(
  check: Check,
  resolve: Resolve,
  { origin, timeoutMs, onread, tells }: Destination,
): Connector {
  const target = new URL(origin);
  const approach = check.approach(target);
  const told = (refusal: Refusal) => (tells || refusal === loop ? refusal : unreachable);
  const resolveOnce = shared(resolve);
  const checkedLookup: LookupFunction = (hostname, options, callback) => {
    resolveOnce(hostname, { all: true }, (error, addresses) => {
      if (error) return callback(tells ? error : toError(unreachable), "");
      for (const { address } of addresses) {
        const refusal = check.address(address, approach);
        if (refusal) return callback(toError(told(refusal)), "");
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
    ...(onread && target.protocol === "http:" && { onread }),
  } as buildConnector.BuildOptions);
  return (options, callback) => {
    const refusal = check.url(target);
    if (refusal) {
      callback(toError(refusal), null);
      return undefined;
    }
    // It gives the socket out at once, though its type does not say so.
    const opening: unknown = connect(options as buildConnector.Options, (...outcome) => {
      const [error, socket] = outcome;
      if (error !== null) return callback(error, null);
      const late = check.address(socket.remoteAddress ?? "", approach);
      if (late === undefined) return callback(null, socket);
      socket.destroy();
      return callback(toError(told(late)), null);
    });
    return opening as Socket | undefined;
  };
}

function toError({ code, what }: Refusal): Error {
  return Object.assign(new Error(`the egress rule forbids ${what}`), { code });
}

const allowedKinds: Readonly<Record<EgressMode, ReadonlySet<AddressKind>>> = {
  local: new Set<AddressKind>(["global", "loopback", "private"]),
  public: new Set<AddressKind>(["global"]),
};

/** Of names that the operator allows. */
const namedKinds: ReadonlySet<AddressKind> = new Set(["global", "loopback", "private"]);

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
