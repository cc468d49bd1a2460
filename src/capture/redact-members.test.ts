/** Secrets that the structure around them gives away: what lies below a name, pairs of name and value. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { redact } from "./redact.ts";
import { Seal } from "./seal.ts";

/** Seals without digests, so that a table can be read. */
const plain = { mark: (type: string) => `<${type}>` };

test.for([
  ['{"password":{"value":"x"}}', '{"password":{"value":"<password>"}}'],
  ['{"password":{"value":7,"length":8}}', '{"password":{"value":"<password>","length":8}}'],
  [
    '{"a":1,"secrets":{"db":{"user":"u","x":["y",{"z":"w"},"v"]}},"b":"c"}',
    '{"a":1,"secrets":{"db":{"user":"<secret>","x":["<secret>",{"z":"<secret>"},"<secret>"]}},"b":"c"}',
  ],
  ['{"cookies": { "sid" : "x" } }', '{"cookies": { "sid" : "<cookie>" } }'],
  ['{"apiKeys":[["a"],["b"]],"x":["c"]}', '{"apiKeys":[["<api_key>"],["<api_key>"]],"x":["c"]}'],
  [
    '{"authorization":{"raw":"Bearer abc"},"x":"y"}',
    '{"authorization":{"raw":"Bearer <bearer>"},"x":"y"}',
  ],
  ['{"password":{"a":"x\\"y","b":"z"}}', '{"password":{"a":"<password>","b":"<password>"}}'],
  [
    '{"text":"{\\"password\\":{\\n \\"value\\": \\"x\\"},\\"y\\":\\"z\\"}"}',
    '{"text":"{\\"password\\":{\\n \\"value\\": \\"<password>\\"},\\"y\\":\\"z\\"}"}',
  ],
  [
    '"{\\"a\\":\\"{\\\\\\"token\\\\\\":{\\\\\\"v\\\\\\":\\\\\\"x\\\\\\"}}\\",\\"b\\":\\"c\\"}"',
    '"{\\"a\\":\\"{\\\\\\"token\\\\\\":{\\\\\\"v\\\\\\":\\\\\\"<token>\\\\\\"}}\\",\\"b\\":\\"c\\"}"',
  ],
  [
    `{'password': {'value': 'x', "b": "y"}, 'z': 'w'}`,
    `{'password': {'value': '<password>', "b": "<password>"}, 'z': 'w'}`,
  ],
  [
    '{"text":"{\'password\': {\'value\': \'x\'}}","b":"c"}',
    '{"text":"{\'password\': {\'value\': \'<password>\'}}","b":"c"}',
  ],
  ['{"password":{"value":"x', '{"password":{"value":"<password>'],
  [
    '{"password":{"type":"string","default":"x","examples":["y"]}}',
    '{"password":{"type":"string","default":"<password>","examples":["<password>"]}}',
  ],
  [
    '{"credentials":{"description":"see ?token=abc","name":"ci","password":{"description":"d","x":"y"}}}',
    '{"credentials":{"description":"see ?token=<token>","name":"ci","password":{"description":"d","x":"<credential>"}}}',
  ],
])("everything below a name that promises a secret is taken out: %s", ([text = "", expected]) => {
  expect(redact(text, plain)).toBe(expected);
});

test.for([
  ['{"name":"x-api-key","value":"x"}', '{"name":"x-api-key","value":"<api_key>"}'],
  [
    '[{"name":"Accept","value":"*/*"},{"name":"Cookie","value":"a=b; c=d"},{"name":"X","value":"y"}]',
    '[{"name":"Accept","value":"*/*"},{"name":"Cookie","value":"<cookie>"},{"name":"X","value":"y"}]',
  ],
  [
    '{"key": "DB_PASSWORD", "type": "text", "enabled": true,\n  "value": "x"}',
    '{"key": "DB_PASSWORD", "type": "text", "enabled": true,\n  "value": "<password>"}',
  ],
  ['{"value":"x","name":"x-api-key"}', '{"value":"<api_key>","name":"x-api-key"}'],
  ['{"Value": "x",\n "Key": "API_TOKEN"}', '{"Value": "<token>",\n "Key": "API_TOKEN"}'],
  [
    '"[{\\"name\\":\\"TOKEN\\",\\n  \\"value\\":\\"x\\"}]"',
    '"[{\\"name\\":\\"TOKEN\\",\\n  \\"value\\":\\"<token>\\"}]"',
  ],
  [
    "[{'name': 'TOKEN', 'secure': True, 'value': 'x'}]",
    "[{'name': 'TOKEN', 'secure': True, 'value': '<token>'}]",
  ],
  ['{"name":"TOKEN","value":{"plain":"x"}}', '{"name":"TOKEN","value":{"plain":"<token>"}}'],
  ['["x-api-key","x"]', '["x-api-key","<api_key>"]'],
  [
    '{"headers":[["accept","*/*"], [ "x-api-key" , "x" ],["cookie","a=b"]]}',
    '{"headers":[["accept","*/*"], [ "x-api-key" , "<api_key>" ],["cookie","<cookie>"]]}',
  ],
  [
    '"{\\"h\\":[[\\"authorization\\",\\"Bearer x\\"]]}"',
    '"{\\"h\\":[[\\"authorization\\",\\"Bearer <bearer>\\"]]}"',
  ],
  ["[['x-api-key', 'x']]", "[['x-api-key', '<api_key>']]"],
  ['{"pair":["x-api-key","abc-123"]}', '{"pair":["x-api-key","<api_key>"]}'],
  ["request.setHeader('X-Api-Key', 'abc-123');", "request.setHeader('X-Api-Key', '<api_key>');"],
  ['[("password", "hunter2")]', '[("password", "<password>")]'],
  ['{"p\\u0061ssword":"x","y":"z"}', '{"p\\u0061ssword":"<password>","y":"z"}'],
  [
    '{"\\u0070\\u0061\\u0073\\u0073\\u0077\\u006f\\u0072\\u0064":"x"}',
    '{"\\u0070\\u0061\\u0073\\u0073\\u0077\\u006f\\u0072\\u0064":"<password>"}',
  ],
  ['"{\\"api\\\\u005fkey\\":\\"x\\"}"', '"{\\"api\\\\u005fkey\\":\\"<api_key>\\"}"'],
  ['{"name":"x-api-k\\u0065y","value":"x"}', '{"name":"x-api-k\\u0065y","value":"<api_key>"}'],
  ['"got Bearer abc\\u002Bdef123\\u002F=\\u003D next"', '"got Bearer <bearer> next"'],
  ['"?token=a\\u002Bb&x=1"', '"?token=<token>&x=1"'],
  ['"postgres://bob:a\\u002Bb@db/x"', '"postgres://bob:<url_password>@db/x"'],
])("the value that belongs to a name elsewhere is taken out: %s", ([text = "", expected]) => {
  expect(redact(text, plain)).toBe(expected);
});

test.for([
  '{"properties":{"password":{"type":"string","description":"The password of the user","minLength":8}},"required":["password","user"]}',
  '{"properties":{"token":{"$ref":"#/$defs/Token"},"secret":{"anyOf":[{"type":"string"},{"type":"null"}],"default":null,"title":"Secret"}}}',
  '{"apiKeys":{"type":"array","items":{"type":"string","pattern":"^[a-z]+$","x-mcp-header":"Key"},"title":"Keys"}}',
  '{"credentials":{"type":"object","properties":{"user":{"type":"string"},"value":{"type":"string"}},"required":["user","value"]}}',
  '{"auth_token":{"type":"string","enum":["a","b"],"enumNames":["A","B"],"format":"byte"}}',
  '{"securitySchemes":{"api_key":{"type":"apiKey","name":"X-Key","in":"header"},"oauth_token":{"type":"oauth2","flows":{"implicit":{"authorizationUrl":"https://as.example/","scopes":{"read:x":"Read x"}}}}}}',
  '{"token":{"created_at":"2026-11-21T10:00:00Z","expiresAt":"soon","tokenType":"Bearer","id":"7"}}',
  '{"pin":{"mode":"OUTPUT"},"progressToken":{"a":"b"},"tokens":{"a":"b"}}',
  '{"password":{},"secret":[],"token":[1,2],"cookie":{"secure":true,"n":null}}',
  '{"required":["api_key","query"],"fields":["password","email"],"x":["token","secret"]}',
  '{"exposed":["x-api-key","accept","content-type"],"allow":["authorization","x-trace"]}',
  '{"name":"token","description":"The token","value":""}',
  '[{"name":"token","required":true},{"name":"city","value":"Bern"}]',
  '{"key":"colour","value":"red","name":"paint"}',
  'os.environ.get("API_KEY", "none"); field("password", "string"); t("token", "text")',
  '"line\\u002B1: a\\u0026b \\u0061"',
])("structure that only speaks of secrets stays byte for byte: %s", (text) => {
  expect(redact(text, plain)).toBe(text);
  const inJson = JSON.stringify({ text });
  expect(redact(inJson, plain)).toBe(inJson);
});

const name = fc.constantFrom("password", "token", "secrets", "a", "value", "name", "key", "type");
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom("s3cr3t", "x-api-key", "", "a b", 'q"\\'),
    fc.integer(),
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(name, tie("tree"), { maxKeys: 4 }),
  ),
}));

test("any JSON stays JSON of the same members, also within strings, and twice changes nothing", () => {
  const seal = new Seal(new Uint8Array(32).fill(1));
  fc.assert(
    fc.property(tree, fc.integer({ min: 0, max: 2 }), (value, levels) => {
      let text = JSON.stringify(value) ?? "";
      for (let level = 0; level < levels; level += 1) text = JSON.stringify({ text });
      const shown = redact(text, seal);
      expect(shape(JSON.parse(shown))).toEqual(shape(JSON.parse(text)));
      expect(redact(shown, seal)).toBe(shown);
    }),
    { numRuns: 2_000 },
  );
});

test("no secret below a sensitive name is left, wherever it lies and however deep the JSON is quoted", () => {
  const below = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.constant("S3CR3T"),
      fc.array(tie("tree"), { minLength: 1, maxLength: 3 }),
      fc.dictionary(fc.constantFrom("a", "b", "value", "token"), tie("tree"), {
        minKeys: 1,
        maxKeys: 3,
      }),
    ),
  }));
  fc.assert(
    fc.property(below.tree, fc.integer({ min: 0, max: 3 }), (value, levels) => {
      let text = JSON.stringify({ x: 1, password: value, y: ["z"] });
      for (let level = 0; level < levels; level += 1) text = JSON.stringify({ text });
      expect(redact(text, seal())).not.toContain("S3CR3T");
    }),
    { numRuns: 2_000 },
  );
});

function seal() {
  return new Seal(new Uint8Array(32).fill(1));
}

/** Members and places of a value, without its strings and the numbers that become one. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== "object" || value === null) return "·";
  return Object.entries(value).map(([key, member]) => [key, shape(member)]);
}
