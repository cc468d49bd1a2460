/** T1 where upstreams may be, T2 the slug, T13 to T15 what can be read in two ways, T19 OAuth. */
import { breaks } from "./break.ts";

const egress = "src/proxy/egress.ts";
const headers = "src/proxy/headers.ts";
const document = "src/proxy/metadata-document.ts";

const t1 = breaks("T1", {
  "src/api/servers.test.ts": {
    "a new server is refused with 400 that names the field": [
      ["src/server.ts", 'if (url.hash !== "" || text.includes("#"))', "if (false)"],
      ["src/server.ts", "targetUrlMaxLength = 2_048", "targetUrlMaxLength = 20_480"],
      ["src/server.ts", 'if (url.username !== "" || url.password !== "" ||', "if (false &&"],
    ],
  },
  "src/proxy/address.test.ts": {
    "%j is %s": [
      ["src/proxy/address.ts", "if (mapped || translated || compatible || nat64)", "if (mapped)"],
      ["src/proxy/address.ts", 'if (text.includes("%")) return "forbidden";', ""],
    ],
  },
  "src/proxy/egress.test.ts": {
    "a URL is judged by where it leads, however it says so": [
      [egress, "if (canonicalAddress(host) !== undefined)", "if (false)"],
      [egress, "if (isForbiddenPort(port))", "if (false)"],
      [egress, "if (metadataNames.has(host)) return true;", ""],
    ],
    "a name is judged by every address it has when it is called": [
      egress,
      "for (const { address } of addresses) {",
      "for (const { address } of addresses.slice(0, 1)) {",
    ],
    "a name that changes its address between two connections is judged anew": [
      egress,
      "resolveOnce(hostname, { all: true }, (error, addresses) => {",
      "resolveOnce(hostname, { all: true }, (error, found) => {\n      (shared as any).first ??= found;\n      const addresses: any = (shared as any).first;",
    ],
    "a connection that ends up elsewhere than was checked is not used": [
      egress,
      "if (late === undefined) return callback(null, socket);",
      "if (true) return callback(null, socket);",
    ],
    "we do not call ourselves, by whatever name": [
      [egress, "isListenedOn(own, address, approach.port)) return loop;", "false) return loop;"],
      [egress, "if (own !== undefined && isPublicUrl(own, target)) return loop;", ""],
    ],
    "no list lets anyone call ourselves": [
      egress,
      "if (own !== undefined && isListenedOn(own, address, approach.port)) return loop;",
      "if (allow.hasAddress(address)) return undefined;",
    ],
    "in public mode a name that does not exist looks like one that must not be called": [
      egress,
      'tells: rules.mode === "local"',
      "tells: true",
    ],
    "what the operator allows is allowed": [
      egress,
      "if (allow.hasAddress(address)) return undefined;",
      "",
    ],
    "what the operator denies is denied": [
      [egress, "if (deny.hasName(host)) return forbidden(host);", ""],
      [
        egress,
        'if (deny.hasAddress(address)) return forbidden("an address that is denied here");\n      if (allow.hasAddress(address)) return undefined;',
        'if (allow.hasAddress(address)) return undefined;\n      if (deny.hasAddress(address)) return forbidden("an address that is denied here");',
      ],
    ],
    "the operator's lists hold when a name is called": [
      egress,
      'if (deny.hasAddress(address)) return forbidden("an address that is denied here");',
      "",
    ],
    "http is allowed in public mode if the operator says so, and nothing else is by that": [
      egress,
      'if (rules.mode === "local") return undefined;',
      'if (rules.mode === "local") return undefined;\n  if (protocol === "http:") return forbidden("http");',
    ],
    "a name that is slow to resolve is asked for once by all connections that wait for it": [
      egress,
      "const resolveOnce = shared(resolve);",
      "const resolveOnce = resolve;",
    ],
  },
  "test/proxy/tls.test.ts": {
    "an upstream behind TLS is asked by its name": [
      egress,
      "connect(options as buildConnector.Options, (...outcome) => {",
      'connect({ ...options, servername: "127.0.0.1" } as buildConnector.Options, (...outcome) => {',
    ],
    "a certificate of another name": [
      egress,
      "    allowH2: false,\n    keepAliveInitialDelay: 30_000,",
      "    allowH2: false,\n    rejectUnauthorized: false,\n    keepAliveInitialDelay: 30_000,",
    ],
  },
  "src/proxy/relay.test.ts": {
    "servers with one and the same origin share no connection": [
      "src/proxy/dial.ts",
      "const { serverId } = target;\n    const pools",
      "const serverId = origin;\n    target = { ...target, serverId };\n    const pools",
    ],
    "a target that changed is called from the next exchange on": [
      "src/proxy/directory.ts",
      "if (server.isActive) this.#targets.set(server.slug, toTarget(server));",
      "if (this.#targets.has(server.slug)) return;\n    if (server.isActive) this.#targets.set(server.slug, toTarget(server));",
    ],
    "an upstream that is not there is a 502 that names no address": [
      "src/proxy/diagnosis.ts",
      "  const failure = byCode[code] ?? failures.unavailable;",
      "  const failure = { ...(byCode[code] ?? failures.unavailable), message: error.message };",
    ],
  },
  "src/proxy/redirect.test.ts": {
    "a redirect to another origin is never followed, and nothing is sent there": [
      "src/proxy/redirect.ts",
      "const stays = url.origin === from.origin || isUpgrade(from.origin, url);",
      "const stays = true;",
    ],
  },
  "test/architecture.test.ts": {
    "only the modules behind the egress rule open connections to others": [
      "src/api/answer.ts",
      'import { Problem, type ProblemCode } from "../problem.ts";',
      'import { request } from "node:http";\nimport { Problem, type ProblemCode } from "../problem.ts";\nexport const ask = request;',
    ],
    "nothing asks the web past the egress rule": [
      "src/proxy/metadata-document.ts",
      "  let parsed: unknown;",
      "  void fetch(upstreamUrl);\n  let parsed: unknown;",
    ],
  },
  "src/proxy/outbound-fetch.test.ts": {
    "what must not be called is not": [
      "src/proxy/outbound-fetch.ts",
      "    connect: (options, callback) => {\n      const { protocol, host = options.hostname } = options;\n      egress.connector(`${protocol}//${host}`, connectTimeoutMs)(options, callback);\n    },\n",
      "",
    ],
  },
  "test/e2e/oidc.test.ts": {
    "a provider is asked only where the egress rule lets us": [
      "src/proxy/outbound-fetch.ts",
      "    connect: (options, callback) => {\n      const { protocol, host = options.hostname } = options;\n      egress.connector(`${protocol}//${host}`, connectTimeoutMs)(options, callback);\n    },\n",
      "",
    ],
  },
  "src/proxy/admission.test.ts": {
    "a server that leads back here by a way nobody knows of is found out, and the loop ends": [
      "src/proxy/admission.ts",
      "if (fields.loops) return failures.ownAddress;",
      "",
    ],
    "metadata of a server that leads back here is asked for once": [
      "src/proxy/oauth.ts",
      "if (toUpstream(rawHeaders, own).loops) return failures.ownAddress;",
      "",
    ],
  },
  "test/e2e/hostile-targets.test.ts": {
    "a server on this machine with egress %s and %o is answered %d": [
      "src/host/network.ts",
      "deny: new Destinations(config.egressDeny),",
      "deny: new Destinations([]),",
    ],
    "a server that was registered where it may no longer be is not called": [
      egress,
      'if (deny.hasAddress(address)) return forbidden("an address that is denied here");',
      "",
    ],
  },
  "src/host/config.test.ts": {
    "open sign-up on %s with egress %s": [
      "src/host/config.ts",
      "&& given.egress === undefined &&",
      "&& given.egress === null &&",
    ],
  },
  "test/e2e/hostile-clients.test.ts": {
    "a host that strangers could make accounts on does not start until its egress is chosen": [
      "src/host/config.ts",
      'values.signup === "open" &&',
      'values.signup === "nobody" &&',
    ],
  },
});

const contract = (threat: string, byTest: Parameters<typeof breaks>[1]) =>
  breaks(threat, byTest, "test/store/sqlite-registry.test.ts");

const t2 = [
  ...contract("T2", {
    "test/store/registry/servers.ts": {
      "a slug is never given out twice, not even after its server is gone": [
        "src/store/sqlite/registry-servers.ts",
        'file.run("DELETE FROM servers WHERE id = ?", id);',
        'file.run("DELETE FROM servers WHERE id = ?", id);\n        file.run("DELETE FROM spent_slugs WHERE slug = ?", before.slug);',
      ],
      "a new slug takes the place of the old one, which stays spent": [
        "src/store/sqlite/registry-servers.ts",
        "if (file.run(sql, slug) === 0) throw slugSpent();",
        "file.run(sql, slug);",
      ],
    },
  }),
  ...breaks("T2", {
    "src/proxy/forwarder.test.ts": {
      "unknown, removed, rotated and inactive servers are told apart by nobody": [
        "src/proxy/directory.ts",
        "if (earlier !== undefined && earlier !== server.slug) this.#targets.delete(earlier);",
        "",
      ],
    },
    "test/e2e/hostile-clients.test.ts": {
      "neither the log of the host nor its figures tell a slug, whatever happens to it": [
        "src/proxy/forwarder.ts",
        "const target = path && this.#find(path.slug);",
        'const target = path && this.#find(path.slug);\n    this.#options.log.error({}, request.url ?? "");',
      ],
    },
    "src/proxy/headers.test.ts": {
      "only what no browser runs as a page goes without a box": [
        headers,
        '  "Referrer-Policy",\n  "no-referrer",\n',
        "",
      ],
    },
    "src/edge/dashboard.test.ts": {
      "the page may load from this origin alone": [
        "src/edge/dashboard.ts",
        '"Referrer-Policy": "no-referrer",',
        "",
      ],
    },
    "src/proxy/miss-budget.test.ts": {
      "thirty misses a minute are free": [
        "src/proxy/limits.ts",
        "export const missesPerMinute = 30;",
        "export const missesPerMinute = 300;",
      ],
    },
    "src/proxy/admission.test.ts": {
      "who asks for too many proxy URLs that do not exist is told to wait, and reaches those that do":
        [
          "src/proxy/admission.ts",
          "if (retryAfterSeconds === 0) return failures.unknownServer;",
          "if (retryAfterSeconds >= 0) return failures.unknownServer;",
        ],
    },
  }),
];

const t15 = breaks("T15", {
  "src/proxy/target.test.ts": {
    "a path that can be read in two ways does not": ["src/proxy/target.ts", "2e|2f|5c|00", "2e|2f"],
    "no client overrides a parameter of the server's URL": [
      "src/proxy/target.ts",
      'pair === "" || !own.has(parameterName(pair))',
      'pair === "" || !own.has(pair.split("=")[0] ?? "")',
    ],
  },
  "src/proxy/forwarder.test.ts": {
    "what follows the slug follows the target's path, and both queries are kept": [
      "src/proxy/target.ts",
      'return [path + target.query, ...added].join("&");',
      "return path + target.query;",
    ],
  },
});

const t19 = breaks("T19", {
  "test/e2e/oauth.test.ts": {
    "signs in, calls a tool, and gets a new token when its own has ended": [
      "src/proxy/metadata-document.ts",
      "resource: names.clientUrl }));\n}\n\n/** For an upstream",
      "resource: names.upstreamUrl }));\n}\n\n/** For an upstream",
    ],
  },
  "src/proxy/redirect.test.ts": {
    "a redirect to another origin is never followed, and nothing is sent there": [
      "src/proxy/redirect.ts",
      "const stays = url.origin === from.origin || isUpgrade(from.origin, url);",
      "const stays = true;",
    ],
  },
  "src/proxy/challenge.test.ts": {
    "each of several challenges is exchanged": [
      "src/proxy/challenge.ts",
      "    copied = end;\n",
      "    copied = end;\n    break;\n",
    ],
  },
  "src/proxy/metadata-document.test.ts": {
    "only the resource is replaced, and the signature over it goes": [
      document,
      "const { signed_metadata: _, ...kept } = document;",
      "const { authorization_servers: _, ...kept } = document;",
    ],
    "a resource that is not the upstream stays, so that the client refuses it": [
      document,
      "if (!isResourceOf(document.resource, names.upstreamUrl)) return body;",
      "",
    ],
    "what is no metadata, or leads nowhere on the web, is not passed on": [
      document,
      "if (url === null || !/^https?:\\/\\//i.test(String(value))) return false;",
      "if (url === null) return true;",
    ],
    "metadata of %s may name %s": [
      document,
      'return url.protocol === "https:" || plainHttp || isThisMachine(url.hostname);',
      "return true;",
    ],
  },
  "src/proxy/oauth.test.ts": {
    "a metadata URL of another origin is never fetched, not even if an upstream names it": [
      "src/proxy/known-challenges.ts",
      "url !== null && (url.origin === origin || isUpgrade(origin, url));",
      "url !== null;",
    ],
    "nothing that one server said is another's": [
      "src/proxy/known-challenges.ts",
      "return this.#byServer.get(serverId)?.origin === origin;",
      "return this.#byServer.size > 0;",
    ],
  },
});

export const upstreams = [...t1, ...t2, ...t15, ...t19];
