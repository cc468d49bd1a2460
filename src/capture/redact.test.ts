import fc from "fast-check";
import { expect, test } from "vitest";
import { keepText } from "./kept-text.ts";
import { redact } from "./redact.ts";
import { Seal } from "./seal.ts";

/** Seals without digests, so that a table can be read. */
const plain = { mark: (type: string) => `<${type}>` };
const seal = new Seal(new Uint8Array(32).fill(1));
const keeping = { maxBytes: 1_000, level: "redacted", seal } as const;
const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl-_x";

test.for([
  ['{"password":"hunter2","user":"bob"}', '{"password":"<password>","user":"bob"}'],
  ['{ "Password" : "a b c" }', '{ "Password" : "<password>" }'],
  ['{"password":"a\\"b\\\\","x":1}', '{"password":"<password>","x":1}'],
  [
    '{"newPassword":"a","passwd":"b","db_pass":"c"}',
    '{"newPassword":"<password>","passwd":"<password>","db_pass":"<password>"}',
  ],
  [
    '{"apiKey":"a","api-key":"b","API_KEY":"c","x-api-key":"d"}',
    '{"apiKey":"<api_key>","api-key":"<api_key>","API_KEY":"<api_key>","x-api-key":"<api_key>"}',
  ],
  [
    '{"accessToken":"a","refresh_token":"b","id_token":"c"}',
    '{"accessToken":"<token>","refresh_token":"<token>","id_token":"<token>"}',
  ],
  [
    '{"client_secret":"a","clientSecret":"b","secret":"c"}',
    '{"client_secret":"<secret>","clientSecret":"<secret>","secret":"<secret>"}',
  ],
  [
    '{"privateKey":"a","aws_secret_access_key":"b"}',
    '{"privateKey":"<private_key>","aws_secret_access_key":"<secret>"}',
  ],
  ['{"cookie":"a=b","credentials":"c"}', '{"cookie":"<cookie>","credentials":"<credential>"}'],
  ['{"authorization":"Bearer abc"}', '{"authorization":"Bearer <bearer>"}'],
  ['{"password":12345,"secret":-1}', '{"password":"<password>","secret":"<secret>"}'],
  ['{"secrets":["a", "b"],"x":["c"]}', '{"secrets":["<secret>", "<secret>"],"x":["c"]}'],
  [
    '{"text":"{\\"password\\":\\"x\\",\\"y\\":1}"}',
    '{"text":"{\\"password\\":\\"<password>\\",\\"y\\":1}"}',
  ],
  [
    '{"text":"{\\n  \\"token\\":\\n \\"x\\\\\\"y\\"\\n}"}',
    '{"text":"{\\n  \\"token\\":\\n \\"<token>\\"\\n}"}',
  ],
  [
    '"{\\"a\\":\\"{\\\\\\"password\\\\\\":\\\\\\"x\\\\\\"}\\"}"',
    '"{\\"a\\":\\"{\\\\\\"password\\\\\\":\\\\\\"<password>\\\\\\"}\\"}"',
  ],
  ['"{\\"password\\":7}"', '"{\\"password\\":\\"<password>\\"}"'],
])("the value of a name that promises a secret is taken out: %s", ([text = "", expected]) => {
  expect(redact(text, plain)).toBe(expected);
});

test.for([
  [`see ${jwt} there.`, "see <jwt> there."],
  ["sk-proj-abcdefghij0123456789xyz", "<key>"],
  ["ghp_0123456789abcdefghij and gho_0123456789abcdefghij", "<key> and <key>"],
  ["github_pat_11ABCDEFG0123456789_abc", "<key>"],
  ["glpat-abcdefghij0123456789", "<key>"],
  ["xoxb-123456789012-abc", "<key>"],
  ["AKIAIOSFODNN7EXAMPLE", "<key>"],
  ["AIzaSyA0123456789abcdefghijklmnopqrstuv", "<key>"],
  ["hw_0123456789abcdefghijABCDEFGHIJ", "<key>"],
  ["SG.abcdefghijklmnopqrstu1.ABCDEFGHIJKLMNOPQRSTUVWXYZ, x", "<key>, x"],
  ["dop_v1_0123456789abcdef0123456789abcdef", "<key>"],
  ["shpat_0123456789abcdef01 shpss_0123456789abcdef01", "<key> <key>"],
  ["ya29.a0AfB_abcdefghijklmnop", "<key>"],
  ["pypi-AgEIcHlwaS5vcmcCJDAw", "<key>"],
  ["xapp-1-A0123456789-abc", "<key>"],
  ["glrt-abcdefghij0123456789", "<key>"],
  ["dckr_pat_abcdefghij0123456789", "<key>"],
  ["gsk_abcdefghij0123456789", "<key>"],
  ["AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQ", "<key>"],
  ["sq0atp-abcdefghij0123456789 sq0csp-abcdefghij0123456789", "<key> <key>"],
  ["npm_abcdefghijklmnopqrstuvwxyz0123456789", "<key>"],
  ["postgres://bob:s3cret@db:5432/x", "postgres://bob:<url_password>@db:5432/x"],
  ["redis://:pw@h", "redis://:<url_password>@h"],
  [
    "curl -H 'Authorization: Bearer abcdefghijklmnop1234'",
    "curl -H 'Authorization: Bearer <bearer>'",
  ],
  ["Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic <basic>"],
  ["Cookie: sid=abc; x=y\nHost: a", "Cookie: <cookie>\nHost: a"],
  ["got Bearer abcdefghijklmnop.1234", "got Bearer <bearer>"],
  ["https://x.example/?api_key=abc&b=1", "https://x.example/?api_key=<api_key>&b=1"],
  ["/cb?a=1&access_token=abc#x", "/cb?a=1&access_token=<token>"],
  ["/m?sessionId=abc-1", "/m?sessionId=<session>"],
  ['{"requestState":"a \\" b","x":1}', '{"requestState":"<state>","x":1}'],
  ["a\\u0026token=abc\\u0026b=1", "a\\u0026token=<token>\\u0026b=1"],
  ["DB_PASSWORD=hunter2 PORT=1", "DB_PASSWORD=<password> PORT=1"],
  ['"line\\nghp_0123456789abcdefghij"', '"line\\n<key>"'],
  ['"A=1\\nAPI_KEY=abc\\n"', '"A=1\\nAPI_KEY=<api_key>\\n"'],
  [
    '"-----BEGIN RSA PRIVATE KEY-----\\nMIIE+/=\\n-----END RSA PRIVATE KEY-----\\n"',
    '"-----BEGIN RSA PRIVATE KEY-----<private_key>-----END RSA PRIVATE KEY-----\\n"',
  ],
  [
    "tls-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
    "tls-----BEGIN PRIVATE KEY-----<private_key>-----END PRIVATE KEY-----",
  ],
])("a secret is known by its shape or its place: %s", ([text = "", expected]) => {
  expect(redact(text, plain)).toBe(expected);
});

test.for([
  '{"requestStateless":"a","state":"b","inputRequests":{}}',
  '{"progressToken":"abc","nextCursor":"def","nextPageToken":"g"}',
  '{"maxTokens":100,"max_tokens":5,"inputTokens":7,"token":12,"tokens":["the","cat"]}',
  '{"tokenType":"Bearer","token_endpoint":"https://as.example/token","token_endpoint_auth_method":"client_secret_post"}',
  '{"properties":{"password":{"type":"string"}},"required":["password"]}',
  '{"passwordPolicy":"long","password":true,"secret":null,"token":{"a":1},"password":""}',
  '{"password":-----END, "secret":- 1}',
  '{"authorization_servers":["https://as.example"],"secretary":"Ann","cookies_accepted":"yes","compass":"north"}',
  "the password: forgotten; token = getToken(); const secret=1",
  "Authorization: required",
  "a cookie: oatmeal",
  "task-abcdefghijklmnopqrstu1 disk-0123456789012345678901",
  "SG.short1 SG.an-ordinary-sentence-with-no-digits pypi-publish shpat_x ya29.x",
  "sk-short sk-learn-something-really-long-without-digits",
  "eyJhbGciOiJIUzI1NiJ9 eyJ.eyJ.x",
  "https://example.com:8080/a@b mailto:a@b",
  "Bearer token",
  "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
  "x?tokens=5&sort=token",
  "if (token==null)",
])("what only looks like a secret stays byte for byte: %s", (text) => {
  expect(redact(text, plain)).toBe(text);
});

test.for([
  ['{"password":"hun', '{"password":"<password>'],
  ['{"password":"hun\\', '{"password":"<password>'],
  ['{"text":"{\\"token\\":\\"ab', '{"text":"{\\"token\\":\\"<token>'],
  ["-----BEGIN PRIVATE KEY-----\nMIIE", "-----BEGIN PRIVATE KEY-----<private_key>"],
  ["x ghp_0123456", "x <key>"],
  ["x eyJhbGciOiJIUzI1", "x <jwt>"],
  ["x eyJhbGciOiJIUzI1.eyJ", "x <jwt>"],
  ["Bearer abc", "Bearer <bearer>"],
  ["postgres://bob:s3c", "postgres://bob:<url_password>"],
  ["see http://localhost:8080", "see http://localhost:8080"],
])(
  "a secret that the end of a cut text cuts is taken out to the end: %s",
  ([text = "", expected]) => {
    expect(redact(text, plain, true)).toBe(expected);
  },
);

test("equal secrets have equal seals, under one key only", () => {
  const text = '{"password":"hunter2","secret":"hunter2","token":"other"}';
  const [first, second, third] = redact(text, seal).match(/[0-9a-f]{8}(?=\])/g) ?? [];
  expect(first).toMatch(/^[0-9a-f]{8}$/);
  expect(second).toBe(first);
  expect(third).not.toBe(first);
  const other = redact(text, new Seal(new Uint8Array(32).fill(2)));
  expect(other).not.toContain(first);
});

test("redacting again changes nothing", () => {
  const once = redact(`{"password":"x","a":"${jwt}","authorization":"Bearer y"} ?token=z `, seal);
  expect(redact(once, seal)).toBe(once);
});

const piece = fc.constantFrom(
  '"',
  "\\",
  '\\"',
  ":",
  "=",
  "&",
  "?",
  "{",
  "[",
  ",",
  " ",
  "\n",
  "\\n",
  "password",
  "token",
  "Bearer ",
  "eyJ",
  "sk-",
  "-----BEGIN PRIVATE KEY-----",
  "-----END",
  "://",
  "@",
  ".",
  "é",
  "\ud800",
  "x".repeat(30),
);

test("no text makes it throw, and nothing but the secrets is touched", () => {
  const mark = (_: string, secret: string) => `\u0001${secret}\u0002`;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60, size: "max" }), fc.boolean(), (pieces, cut) => {
      const text = pieces.join("");
      const marked = redact(text, { mark }, cut);
      expect(marked.replaceAll("\u0001", "").replaceAll("\u0002", "")).toBe(text);
    }),
    { numRuns: 2_000 },
  );
});

test.for([
  (secret: string) => `{"password":"${secret}"}`,
  (secret: string) => `{"text":"{\\"token\\":\\"${secret}\\"}"}`,
  (secret: string) => `"postgres://bob:${secret}@db/x"`,
  (secret: string) => `"Bearer ${secret}"`,
  (secret: string) => `"/x?api_key=${secret}&y=1"`,
  (secret: string) => `"-----BEGIN PRIVATE KEY-----\\n${secret}\\n-----END PRIVATE KEY-----"`,
  (secret: string) => `"eyJ${secret}.${secret}.${secret}"`,
])("a secret survives no cut, neither ours nor that of what was held: %#", (write) => {
  const secret = "S3CR3T".repeat(8);
  const text = `{"jsonrpc":"2.0","x":${write(secret)}}`;
  for (let length = 0; length <= text.length; length += 1) {
    const head = text.slice(0, length);
    expect(keepText(text, true, { ...keeping, maxBytes: Math.max(1, length) }).text).not.toContain(
      "S3C",
    );
    // Three letters after "eyJ" are not yet known for a token.
    if (!/eyJ(?:S3CR3T){0,1}S?3?C?R?3?T?$/.test(head)) {
      expect(keepText(head, false, keeping).text).not.toContain("S3C");
    }
  }
});

test.for([
  '"password":"x",',
  "token",
  '"token":"',
  "\\",
  '"\\"',
  "eyJ",
  "eyJaaaaaaaa.",
  "://a:",
  "Bearer ",
  "-----BEGIN PRIVATE KEY-----",
  "-----BEGIN PRIVATE KEY-----; ",
  "-",
  "sk-",
  "SG.",
  "SG.aaaaaaaaaaaaaaaaa1",
  "password=",
  '"password":[',
  '"password":["",',
  "authorization: ",
  '"api key"',
  " ",
  '":',
  "&token=a",
  '"cookie":\\n ',
  "cookie: ",
  '\\\\\\":',
  "a=",
  '"password":\\"',
])("time grows with the length of the text alone: %j", (unit) => {
  const time = (length: number) => {
    const text = unit.repeat(length / unit.length);
    const before = process.cpuUsage();
    redact(text, plain);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  };
  time(100_000);
  // Quadratic time would be a thousand times this.
  expect(time(4_000_000)).toBeLessThan(3_000);
});
