/**
 * What agents and MCP servers say all day, much of it about secrets and none of it one: a log that hides it
 * is of no use. Each text must stay byte for byte, as it is and as a member of a message.
 */
import { expect, test } from "vitest";
import { redact } from "./redact.ts";

const plain = { mark: (type: string) => `<${type}>` };
const json = (value: unknown) => JSON.stringify(value);
const pretty = (value: unknown) => JSON.stringify(value, null, 2);

const createUser = {
  name: "create_user",
  title: "Create user",
  description:
    "Creates a user. The password must be at least 12 characters long and is stored hashed; the API key is returned once. Requires a token with the scope users:write.",
  inputSchema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: {
      username: { type: "string", description: "The login name" },
      password: { type: "string", format: "password", minLength: 12, description: "Is not logged" },
      api_key: { type: ["string", "null"], description: "Key of the organisation", default: null },
      token: { $ref: "#/$defs/Token" },
      credentials: {
        type: "object",
        title: "Credentials",
        properties: { user: { type: "string" }, secret: { type: "string", title: "Secret" } },
        required: ["user", "secret"],
        additionalProperties: false,
      },
      auth: { oneOf: [{ type: "string", enum: ["basic", "bearer"] }, { type: "null" }] },
    },
    required: ["username", "password"],
    $defs: { Token: { anyOf: [{ type: "string", pattern: "^[A-Za-z0-9_-]+$" }] } },
  },
  annotations: { readOnlyHint: false },
};
const elicitation = {
  method: "elicitation/create",
  params: {
    mode: "form",
    message: "Please enter your password for the weather service.",
    requestedSchema: {
      type: "object",
      properties: {
        password: { type: "string", title: "Password", minLength: 8 },
        token: { type: "string", title: "Token", description: "See your profile page" },
      },
      required: ["password", "token"],
    },
  },
};
const initialize = {
  protocolVersion: "2025-11-25",
  capabilities: { tools: { listChanged: true }, sampling: {}, tasks: { requests: {} } },
  clientInfo: { name: "claude-code", version: "2.3.1" },
  _meta: { progressToken: 7, "io.modelcontextprotocol/clientCapabilities": {} },
};
const openApi = {
  openapi: "3.1.0",
  components: {
    securitySchemes: {
      api_key: { type: "apiKey", name: "X-API-Key", in: "header", description: "Your key" },
      bearerAuth: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
    },
    schemas: {
      Login: { required: ["password", "email"], properties: { password: { type: "string" } } },
    },
  },
};
const oauth = {
  issuer: "https://as.example",
  authorization_endpoint: "https://as.example/authorize",
  token_endpoint: "https://as.example/token",
  token_endpoint_auth_methods_supported: ["client_secret_basic", "private_key_jwt", "none"],
  code_challenge_methods_supported: ["S256"],
  grant_types_supported: ["authorization_code", "refresh_token"],
  scopes_supported: ["openid", "token:read"],
};
const manifest = {
  dependencies: { cookie: "^1.0.2", "tough-cookie": "~6.0.1", jose: "6.2.17" },
  exports: {
    "./jwt": { types: "./dist/jwt.d.ts", default: "./dist/jwt.js" },
    "./cookie": "./c.js",
  },
};
const usage = {
  model: "m-1",
  usage: { input_tokens: 1200, output_tokens: 340, cache_read_input_tokens: 0, total_tokens: 1540 },
  max_tokens: 4096,
  stop_reason: "end_turn",
  next_page_token: "CAUQAA",
  nextCursor: "eyJwYWdlIjoyfQ==",
};

const texts: Readonly<Record<string, string>> = {
  "a list of tools": json({ jsonrpc: "2.0", id: 1, result: { tools: [createUser] } }),
  "a list of tools, to be read": pretty({ tools: [createUser] }),
  "a form that asks for a password": json(elicitation),
  "the first request of a client": json(initialize),
  "a description of an API": pretty(openApi),
  "metadata of an authorization server": json(oauth),
  "a manifest of a package": pretty(manifest),
  "counts of a language model": json(usage),
  "errors of validation": json({
    errors: [{ field: "password", message: "must not be empty" }],
    fieldErrors: { token: { message: "is required", code: "required" } },
  }),
  "a program": `export async function login(username: string, password: string): Promise<Token> {
  const { token, expiresAt } = await client.post("/login", { username, password });
  if (!token) throw new Error("no token: " + username);
  const secret = process.env.APP_SECRET ?? readSecret(path);
  session.token = token;
  headers.set("Authorization", \`Bearer \${token}\`);
  return { token, password: hash(password), key: keys[0] };
}
class Auth { private password: string; constructor(private readonly apiKey: string) {} }
`,
  "a program in Python": `def connect(user, password=None, *, token: str | None = None) -> Client:
    """Connects. The password is read from the keyring when it is None."""
    password = password or getpass.getpass("Password: ")
    return Client(user=user, password=password, api_key=os.environ["API_KEY"], secret=self.secret)
`,
  "a difference": `-    const password = input.password;
+    const password = await hash(input.password);
     if (password === expected.password) return token;
`,
  "a setting without its values": `services:
  app:
    environment:
      DB_PASSWORD: \${DB_PASSWORD}
      API_KEY: "{{ vault_api_key }}"
    secrets:
      - db_password
secrets:
  db_password:
    file: ./db_password.txt
`,
  "a workflow": `      - uses: actions/checkout@v4
        with:
          token: \${{ secrets.GITHUB_TOKEN }}
      - run: npm publish
        env:
          NODE_AUTH_TOKEN: \${{ secrets.NPM_TOKEN }}
`,
  "a guide": `## Authentication
Send your key as \`Authorization: Bearer <token>\` or \`X-API-Key: $API_KEY\`. A token is valid for 15 minutes;
a refresh token for 7 days. If the token is expired, the answer is 401 with the code token_expired.
To rotate a secret, create a new one and delete the old one. Passwords are hashed with argon2id.
Forgot your password? Use the link below to reset your password. The secret is to keep it simple.
Set the environment variable API_KEY to your key. The password is case-sensitive, and is never shown again.
The token is passed to the server; the password was rejected. Is the token valid? Your PIN is required.
`,
  "questions and answers": `Q: What is a bearer token? A: Whoever bears the token is let in. The token is like a key to a house.
Q: How is the password checked? A: The password is compared to its hash. My password is not accepted!
Q: Which key is used? A: The key for signing is kept in a module. The secret of good tea is time.
`,
  "a table": `| name | type | required | description |
|---|---|---|---|
| password | string | yes | The password |
| token | string | no | The token, see Tokens |
`,
  "a log": `2026-11-21T10:00:00.123Z INFO auth: token accepted for user 42 in 3ms
2026-11-21T10:00:01.001Z WARN auth: password rejected, 2 attempts left
2026-11-21T10:00:02.500Z ERROR oauth: invalid_grant: the authorization code is expired
`,
  "a trace": `TypeError: Cannot read properties of undefined (reading 'token')
    at parseToken (/app/src/token.ts:12:34)
    at async login (/app/src/auth/password.ts:101:5)
`,
  "a query": `SELECT id, email, password_hash IS NOT NULL AS has_password, token_count
FROM users WHERE token_expires_at < now() AND key = ANY($1) ORDER BY created_at DESC LIMIT 50;`,
  "a page": `<form action="/login" method="post"><label for="password">Password</label>
<input id="password" type="password" name="password" autocomplete="current-password" required>
<input type="hidden" name="csrf" value=""><button>Sign in</button></form>`,
  commands: `git commit -am "token: refresh earlier" && git push -u origin main
docker run -p 8080:80 -w /app -u 1000:1000 -e API_KEY -v a:b image:1.2.3
mkdir -p a1/b2; cp -a c3 d4; grep -w token5 *.ts; ssh -p 2222 bob@example.com; mysql -u root -p shop`,
  "a tokenizer": json({
    tokens: ["Hel", "lo", " wor", "ld"],
    special_tokens: ["<s>", "</s>"],
    pad_token: "<pad>",
    nextPageToken: "CAoQAA",
  }),
  addresses:
    "https://example.com/reset-password?step=2&lang=de http://[::1]:8080/token/1 git@github.com:a/b.git",
  digests: `sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 "etag": "W/\\"5e-17a\\""`,
};

test.for(Object.entries(texts))("%s stays as it is", ([, text]) => {
  expect(redact(text, plain)).toBe(text);
  let inside = text;
  for (let level = 0; level < 2; level += 1) {
    inside = json({ content: [{ type: "text", text: inside }] });
    expect(redact(inside, plain)).toBe(inside);
  }
});
