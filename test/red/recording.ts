/** T5 secrets in what is kept, T6 our own credentials, T16 size and depth, T18 sessions of MCP. */
import { breaks } from "./break.ts";

const kept = "src/capture/kept-text.ts";
const levels = "src/capture/capture-level.ts";
const nested = "src/capture/nested-secrets.ts";
const named = "src/capture/named-secrets.ts";
const redact = "src/capture/redact.ts";
const fields = "src/capture/redact-fields.ts";
const headers = "src/proxy/headers.ts";
const admission = "src/proxy/admission.ts";

const keepsOnlyFromOwn = "redactOwn(text, seal, cut) : redact(text, seal, cut);";
const ownAreRefused =
  "if (fields.leaks || holdsOwnSecret(path.query)) return failures.ownCredential;";

const t5 = breaks("T5", {
  "test/e2e/secrets.test.ts": {
    "secrets pass unaltered, and are in no answer, no file and no line of the log": [
      [kept, keepsOnlyFromOwn, "redactOwn(text, seal, cut) : redactOwn(text, seal, cut);"],
      ["src/capture/redact-path.ts", 'seal.mark(secretType(name) || "value", value)', "value"],
    ],
  },
  "test/e2e/secrets-errors.test.ts": {
    "secrets of calls that fail are nowhere, whichever way they fail": [
      "src/capture/call-draft.ts",
      "const shown = withoutSecrets(shorten(message, readMax), level, seal, cut);",
      "const shown = shorten(message, readMax);",
    ],
    "what waits on disk for a log that takes nothing holds no secret": [
      kept,
      keepsOnlyFromOwn,
      "redactOwn(text, seal, cut) : redactOwn(text, seal, cut);",
    ],
  },
  "src/capture/redact.test.ts": {
    "equal secrets have equal seals, under one key only": [
      "src/capture/seal.ts",
      'createHmac("sha256", this.#key).update(text).digest("hex")',
      'createHmac("sha256", "").update(text).digest("hex")',
    ],
    "a secret survives no cut, neither ours nor that of what was held": [
      [kept, "const marginCharacters = 8_192;", "const marginCharacters = 0;"],
      [kept, "const cut = !whole || text.length > readMax;", "const cut = false;"],
    ],
  },
  "src/capture/capture-level.test.ts": {
    "off keeps nothing of a call but that there was one": [
      "src/capture/slab.ts",
      'if (level === "off") {',
      "if (false) {",
    ],
    "what a client asks for holds for its exchange": [
      "src/capture/slab.ts",
      "levelOf(opening.captureLevel, opening.rawHeaders)",
      "opening.captureLevel",
    ],
    "an answer that another exchange brings is kept at the lower level": [
      kept,
      "if (lower(kept.level, level) === kept.level) return kept;",
      "return kept;",
    ],
  },
  "test/e2e/recording-levels.test.ts": {
    "a client may not ask for more, and what it asks goes no further than to us": [
      [levels, "level = lower(level, toLevel(word));", "level = toLevel(word);"],
      [headers, '["x-hookwatch-capture", "drop"],', ""],
    ],
    "each level keeps what it says, from the next call on, and the account is exact": [
      [kept, 'return level === "redacted" || level === "full";', 'return level !== "off";'],
      ["src/capture/slab.ts", "tally.callsNotCaptured += 1;", ""],
    ],
  },
  "test/e2e/servers.test.ts": {
    "a deleted call is gone from every endpoint": [
      "src/store/sqlite/call-removal.ts",
      "removeRows(this.#file, segment, new Set([Number(seq)]));",
      "",
    ],
  },
  "src/capture/redact-members.test.ts": {
    "everything below a name that promises a secret is taken out": [
      named,
      "nested.read(at, quoted, type);",
      "",
    ],
    "the value that belongs to a name elsewhere is taken out": [
      "src/capture/paired-secrets.ts",
      "return this.#before(colonAt) || this.#after(colonAt, quote);",
      "return this.#before(colonAt);",
    ],
    "no secret below a sensitive name is left, wherever it lies and however deep the JSON is quoted":
      [nested, "this.#ahead = secrets;", "this.#ahead = secrets.slice(0, 1);"],
    "structure that only speaks of secrets stays byte for byte": [
      nested,
      "level?.describes === true || describingWhole.has(toWord(name));",
      "false;",
    ],
  },
  "src/capture/redact-gaps.test.ts": {
    "a secret is taken out where it stands": [
      [redact, 'findElement(text, at + 1, "<")', "undefined"],
      [redact, "at = add(findAssigned(text, at)) ?? at + 1;", "at += 1;"],
    ],
  },
  "src/capture/ordinary-traffic.test.ts": {
    "stays as it is": [
      "src/capture/sensitive-keys.ts",
      'if (name.endsWith("tokens") && !secretTokens.test(name)) return "";',
      "",
    ],
  },
  "src/capture/hostile-input.test.ts": {
    "redaction keeps JSON what is JSON": [redact, "around, mark, around);", "mark);"],
  },
  "src/capture/capture.test.ts": {
    "every byte alone in its chunk gives the same calls": [
      "src/capture/event-stream.ts",
      "if (start < bytes.length) this.#block.add(bytes.subarray(start));",
      "if (start < bytes.length - 1) this.#block.add(bytes.subarray(start));",
    ],
  },
});

const t6 = breaks("T6", {
  "src/proxy/headers.test.ts": {
    "a credential of ours is noticed": [
      [
        headers,
        'if (rule === "credential") leaks ||= own.isCredential(bareCredential(value));',
        "",
      ],
      [headers, 'else if (rule !== "argument") leaks ||= holdsOwnSecret(value);', ""],
      ["src/proxy/own-secrets.ts", "hw[a-z]?_[", "hw_["],
    ],
    "cookies of ours stay here": [
      "src/proxy/own-secrets.ts",
      "    .filter((pair) => !isOwnCookie(pair))\n",
      "",
    ],
    "a cookie is set for the server's proxy URL alone": [
      headers,
      "if (isOwnCookie(pair)) return undefined;",
      "",
    ],
  },
  "src/proxy/forwarder.test.ts": {
    "never reaches the upstream": [
      [admission, "fields.leaks || holdsOwnSecret(path.query)", "fields.leaks"],
      [admission, "fields.leaks || holdsOwnSecret(path.query)", "holdsOwnSecret(path.query)"],
    ],
  },
  "test/e2e/first-start.test.ts": {
    "a key of ours never reaches an upstream, also one that an earlier start was given": [
      "src/host/traffic.ts",
      "isOwnCredential: isOwnKey,",
      "",
    ],
  },
  "src/capture/own-secrets.test.ts": {
    "%s: %s is taken out wherever it stands": [
      "src/capture/own-secrets.ts",
      "const form = /hw[a-z]?_/y;",
      "const form = /hw_/y;",
    ],
    "a key that the operator chose is taken out, also as JSON writes it": [
      "src/capture/own-secrets.ts",
      "return [...new Set([secret, JSON.stringify(secret).slice(1, -1)])];",
      "return [secret];",
    ],
    "an own credential that the end of a cut text cuts is taken out": [
      "src/capture/own-secrets.ts",
      "const least = cut && end === text.length ? cutLength : leastLength;",
      "const least = leastLength;",
    ],
    "an access token is taken out whole": [
      "src/capture/own-secrets.ts",
      "isToken ? tokenParts : letters",
      "letters",
    ],
  },
  "test/e2e/secrets-errors.test.ts": {
    "in what is said our own credentials pass as all else does, and are in no log": [
      [kept, keepsOnlyFromOwn, "text : redact(text, seal, cut);"],
      ["src/host/host.ts", "apiKey ? [apiKey.reveal()] : []", "[]"],
    ],
    "our own credential is refused, not forwarded and not stored": [admission, ownAreRefused, ""],
  },
  "src/proxy/source-ip.test.ts": {
    "the caller is %s": [
      "src/proxy/source-ip.ts",
      "if (!trusted?.has(address)) return address;",
      "if (!trusted) return address;",
    ],
  },
  "test/e2e/hostile-clients.test.ts": {
    "a reverse proxy that is trusted says who calls, anybody else is who he is": [
      ["src/host/network.ts", "new Ranges(config.trustedProxies)", 'new Ranges(["127.0.0.1"])'],
      ["src/host/network.ts", "new Ranges(config.trustedProxies)", "new Ranges([])"],
    ],
  },
});

/** Quadratic as far as 40,000 characters: more would outlast every limit before it is noticed. */
const looksBack = [
  redact,
  "at = add(findAdjacent(text, at)) ?? at + 1;",
  'at = (text.slice(Math.max(0, at - 40_000), at).lastIndexOf("\\n") > 0 ? undefined : add(findAdjacent(text, at))) ?? at + 1;',
] as const;

const t16 = breaks("T16", {
  "src/capture/decode.test.ts": {
    "any other coding is left alone": [
      [
        "src/capture/decode.ts",
        "const coding = contentEncoding.trim().toLowerCase();",
        'const coding = contentEncoding.split(",")[0]?.trim().toLowerCase() ?? "";',
      ],
      ["src/capture/decode.ts", "Object.assign(Object.create(null), {", "Object.assign({}, {"],
    ],
  },
  "src/capture/stream-decoder.test.ts": {
    "any cutting of the same bytes gives the same clear bytes": [
      "src/capture/stream-decoder.ts",
      "input = Buffer.concat([this.#head, input]);",
      "",
    ],
  },
  "src/capture/hostile-input.test.ts": {
    "nothing that is sent makes it throw, or break what it promises": [
      "src/capture/truncate.ts",
      "if (text.length * 3 <= maxBytes)",
      "if (text.length <= maxBytes)",
    ],
  },
  "test/e2e/hostile.test.ts": {
    "passes, and harms nobody": [
      "src/message.ts",
      'if (hasTooManyValues(text)) return { kind: "garbled", reason: "too many values to read" };',
      "JSON.parse(text, (_name, value) => ({ value }));",
    ],
  },
  "test/e2e/harmless.test.ts": {
    "a client that says everything wrong gets its answers and harms nobody": [
      "src/capture/exchange-calls.ts",
      'this.#add({ kind: "http", method, rpcId: "" }, body);',
      "void [method, body];",
    ],
  },
  "src/capture/redact-fields.test.ts": {
    "a field named __proto__ is a field": [
      fields,
      "return Object.fromEntries(redacted);",
      "const all: any = {};\n    for (const [name, value] of redacted) all[name] = value;\n    return all;",
    ],
  },
  "test/linear-patterns.test.ts": {
    "no regular expression takes more than linear time": [
      "src/proxy/own-secrets.ts",
      "/^\\s*bearer\\s+/i",
      "/^(?:\\s|bearer\\s*)+x/i",
    ],
  },
  "src/proxy/forwarder.test.ts": {
    "a body over the limit is refused at once by its length": [
      "src/proxy/intake.ts",
      "if (contentLength > limit.maxBytes) {",
      "if (false) {",
    ],
  },
  "src/capture/redact-gaps.test.ts": {
    'a megabyte of them costs no more than reading it does: "\\"value\\":"': looksBack,
  },
  "src/capture/redact.test.ts": {
    'time grows with the length of the text alone: "\\":"': looksBack,
  },
  "src/capture/capture.test.ts": {
    "nesting of any depth is no fault": [
      "src/capture/exchange-calls.ts",
      "const headerMismatches = findMismatches(message, this.#facts.fields);",
      "const headerMismatches = findMismatches(message, this.#facts.fields);\n    JSON.stringify(params);",
    ],
  },
});

const t18 = breaks("T18", {
  "test/e2e/fidelity.test.ts": {
    // Vitest cuts names in titles after 40 characters.
    "fields repeated, in their order": [
      headers,
      "    headers.push(name, value);\n  }\n  return { headers, leaks",
      "    headers.push(name.toLowerCase(), value);\n  }\n  return { headers, leaks",
    ],
  },
  "test/e2e/secrets.test.ts": {
    "secrets pass unaltered, and are in no answer, no file and no line of the log": [
      "src/capture/seal.ts",
      "return this.#digestOf(`${serverId}\\0${id}`).slice(0, 32);",
      "return id;",
    ],
  },
  "src/capture/resumption.test.ts": {
    "two calls that are resumed at once each hear their own": [
      "src/capture/resumable-streams.ts",
      "return this.#byServer.get(scope.serverId)?.get(toKey(scope, id));",
      "return this.#streams;",
    ],
  },
  "src/proxy/endpoint.test.ts": {
    "any host with the same key serves an endpoint, for that server only": [
      "src/proxy/endpoint-path.ts",
      "return timingSafeEqual(given, this.#prove(target, path)) ? path : undefined;",
      "return given.length > 0 ? path : undefined;",
    ],
  },
  "src/capture/redact-fields.test.ts": {
    "a secret field is sealed": [
      fields,
      ": (secretNames.get(name) ?? secretType(name));",
      ': (secretNames.get(name) ?? "");',
    ],
  },
  "src/capture/capture.test.ts": {
    "an id means nothing in another session of the same server": [
      "src/capture/scopes.ts",
      "return `${kind}\\0${id}`;",
      "return kind;",
    ],
  },
});

export const recording = [...t5, ...t6, ...t16, ...t18];
