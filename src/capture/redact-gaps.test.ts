/** Secrets outside of plain JSON, and the ordinary traffic that looks like them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redact } from "./redact.ts";

/** Seals without digests, so that a table can be read. */
const plain = { mark: (type: string) => `<${type}>` };
const secret = "hunter2-S3CR3T";

/** § stands for the secret. */
const written = [
  "{'password': '§', 'user': 'bob'}",
  "{'a': {'api_key': \"§\"}}",
  "{\"text\":\"{'password': '§', 'n': 1}\"}",
  "password: §",
  "the password: § was refused",
  "login failed (password = §)",
  "Password: `§`",
  "**Password:** §",
  "API key: §",
  "password: swordfish§\nuser: bob",
  "  db_password: §\n  port: 1",
  '- client_secret: "§"',
  'const password = "§";',
  "error: bad token=§ for bob",
  "Authorization: Bearer §",
  "authorization = Bearer §",
  "Mcp-Session-Id: §",
  "got Bearer §",
  "Ocp-Apim-Subscription-Key: §",
  "x --token=§ -v",
  "x --password § -v",
  'x --password "§ two" -v',
  '{"args":["-y","--api-key","§"]}',
  '{"text":"{\\"args\\": [\\"--token\\", \\"§\\"]}"}',
  "curl -u bob:§ https://x.example",
  "curl -s --user 'bob:§' https://x.example",
  "<password>§</password>",
  '<ns:Password type="x">§</ns:Password>',
  "<secret><![CDATA[§]]></secret>",
  '"\\u003cpassword\\u003e§\\u003c/password\\u003e"',
  '<user name="bob" password="§"/>',
  '<add key="ApiKey" value="§"/>',
  '[{"name":"DB_PASSWORD","value":"§"}]',
  '"{\\u0022password\\u0022:\\u0022§\\u0022,\\u0022a\\u0022:1}"',
  '"{\\\\u0022password\\\\u0022:\\\\u0022§\\\\u0022}"',
  "{&quot;password&quot;:&quot;§&quot;}",
  '"{\\\\\\"a\\\\\\":{\\\\\\"token\\\\\\":\\\\\\"§\\\\\\"}}"',
  '{"jwt":"§","x":1}',
  '{"otp":"§","x":1}',
  '{"passphrase":"§"}',
  '{"client_assertion":"§"}',
  '{"code_verifier":"§"}',
  '{"cvv":"§","cardNumber":"§"}',
  '{"mnemonic":"§"}',
  "Referer: https://app.example/cb?code=§&state=1",
  "https://app.example/cb?a=1&code=§",
  "https://x.blob.example/a?sv=1&sig=§&se=2",
  "https://b.s3.example/k?X-Amz-Signature=§&X-Amz-Date=1",
  '"https:\\/\\/bob:§@db.example\\/x"',
  "postgres://bob:§@db:5432/x",
  "postgres://bob:a:b/§@db:5432/x",
  "https://abcdefghi0§@git.example/x",
  "https://hooks.slack.com/services/T0/B0/§",
  '"https:\\/\\/hooks.slack.com\\/services\\/T0\\/B0\\/§"',
  "https://discord.com/api/webhooks/12345/§",
  "https://acme.webhook.office.com/webhookb2/a/IncomingWebhook/§",
  "Server=db;User Id=sa;Password=§;Encrypt=yes",
  "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=§;EndpointSuffix=b",
  "DATABASE_URL=postgres://bob:§@db/x",
  "FOO_SECRET=§",
  'export API_KEY="§"',
  '"A=1\\nexport API_KEY=\\"§\\"\\n"',
  "DB_PASSWORD=(,;&§\nPORT=1",
  "next=%2Fcb%3Faccess_token%3D§%26a",
  '"a\\u0026token\\u003d§\\u0026b"',
  "token=ab\\/§&x=1",
  '"token=ab\\\\/§&x=1"',
  '"https:\\\\/\\\\/bob:§@db.example\\\\/x"',
  "//registry.example/:_authToken=§",
  '["-----BEGIN PRIVATE KEY-----","MII§","-----END PRIVATE KEY-----"]',
  '"-----BEGIN EC PRIVATE KEY-----\\\\nMII§\\\\n-----END EC PRIVATE KEY-----\\\\n"',
  "login with password = Password1§ failed",
  "the secret is §",
  "My password is §.",
  "Your new password is: §",
  "password was changed to §",
  "please set the password to §, then log in",
  "the password for bob@example.com is §",
  "the API key for the weather service is §",
  "the API key is '§'",
  "my password is “§”",
  "the password is still §!",
  "Your verification code is 12§",
  'password="§"',
  '"client_secret" => "§"',
  ":password => '§'",
  'const token: string = "§";',
  'password: str = "§"',
  "secret_key_base: §",
  "api_key:§",
  "x token:§",
  'setx OPENAI_API_KEY "§"',
  "ALTER USER bob WITH PASSWORD '§'",
  "CREATE USER bob IDENTIFIED BY '§'",
  "java -jar x.jar -password §",
  "Passwort: §",
  "mysql -u root -p§ shop < dump.sql",
  "mysql -uroot -p'§ two' shop",
  '{"command":"mysqldump -h db -p\\"§\\" shop"}',
  '{"args":["mysql","-uroot","-p§","shop"]}',
  "sshpass -p § ssh bob@example.com",
  "sshpass -p '§ two' ssh bob@example.com",
  "redis-cli -h cache -a § ping",
  "docker login -u bob -p § registry.example",
  "ldapsearch -x -D cn=bob -w § -b dc=example",
  "openssl rsa -in key.pem -passin pass:§ -out clear.pem",
  "smbclient //files/share -U bob%§",
  "7z x -p§ archive.7z",
  "password: |\n  §\n  second §\nuser: bob",
  "db:\n  password: >-\n    §\n\n    second §\n  user: bob",
  "- token: |2\n    §\n- a: b",
  '"db:\\n  password: |\\n    §\\n    second §\\n  user: bob\\n"',
  '"{\\"text\\":\\"password: |\\\\n  §\\\\nuser: bob\\"}"',
  "password: |\r\n  §\r\nuser: bob",
  '{"type":"service_account","private_key_id":"0a1b","private_key":"-----BEGIN PRIVATE KEY-----\\n§\\n-----END PRIVATE KEY-----\\n"}',
];

test.for(written)("a secret is taken out where it stands: %s", (text) => {
  const shown = redact(text.replaceAll("§", secret), plain);
  expect(shown).not.toContain("S3CR3T");
  expect(shown).not.toContain("hunter2");
  // Whoever reads JSON still can.
  if (isJson(text)) expect(() => JSON.parse(shown)).not.toThrow();
});

test.for([
  ["Basic Ym9iOmh1bnRlcjI=", "Basic <basic>"],
  [
    `tls.key: ${Buffer.from("-----BEGIN RSA PRIVATE KEY-----\nMIIE").toString("base64")}`,
    "tls.key: <private_key>",
  ],
  [`key ${"aB3/".repeat(21)}aB== end`, "key <key> end"],
  ['{"otp":123456,"pin":"4321"}', '{"otp":"<code>","pin":"<pin>"}'],
  ["it says password = Password1! again", "it says password = <password> again"],
  ["password: password1", "password: <password>"],
  ["your one-time code is 482913.", "your one-time code is <code>."],
  ["password: hunter2, user: bob", "password: <password>, user: bob"],
  ["{'token': 'a\\'b', 'x': 'y'}", "{'token': '<token>', 'x': 'y'}"],
] as const)("only the secret is taken out: %s", ([text, expected]) => {
  expect(redact(text, plain)).toBe(expected);
});

test.for([
  "The password: must be at least 8 characters",
  "password: required, token: invalid, secret: string",
  "Enter your password: ",
  '{"text":"password:","next":"x"}',
  '{"text":["password: ","x"],"b":"password = "}',
  '{"error":"password: incorrect"}',
  "function login(user: string, password: string): Promise<Token> {}",
  "const { password: userPassword, token: accessToken } = config;",
  "interface A { password?: string; token: string | null; apiKey: process.env.API_KEY }",
  "client = Client(api_key=os.environ['API_KEY'], token=token, password=getpass())",
  "password = request.form['password']\ntoken = self.token\nsecret = None",
  "password: z.string().min(8), token: z.string()",
  "API_KEY=$API_KEY TOKEN=%TOKEN% export PASSWORD=<your-password>",
  "use --token <token> or --password-file /run/x; --token is required",
  "docker run -u 1000:1000 x; ls -u a:b",
  '{"args":["--password-stdin","--verbose","x"]}',
  "<password></password> <token> then <secret> <password>{{x}}</password>",
  '<input type="password" name="password" placeholder="">',
  '{"pin":13,"mode":"OUTPUT","code":-32601,"errorCode":404,"statusCode":200}',
  '{"iban":"DE89370400440532013000","private_key_id":"0a1b2c3d","zipcode":"12345"}',
  '{"error":{"code":-32602,"message":"Invalid params: token expired"}}',
  '{"grant_type":"authorization_code","code_challenge_method":"S256","client_assertion_type":"urn:x"}',
  "https://x.example/?code=404&country_code=DE&key=name&sort=token",
  "https://user@host.example/a:b@c http://[::1]:8080/a@b git@github.com:a/b.git",
  'WWW-Authenticate: Bearer resource_metadata="https://x.example/.well-known"',
  "Basic authentication is basic knowledge; Bearer tokens",
  `"integrity": "sha512-${"aB3/".repeat(21)}aB=="`,
  "token usage: 1200 tokens; next token: 42; total_tokens=5",
  "{'nextToken': 'abc', 'user': 'bob', 'tokens': 7}",
  "it's a 'token': see 'the docs'",
  "2026-11-21T07:43:08Z key: value 12:30:45",
  '{"name":"city","value":"Bern"}',
  "a < b && c == d % 3D; x <y> z",
  "The password is required. Your token is invalid; the secret is missing.",
  "Your password is too short. The password is stored encrypted. It is a secret to everyone.",
  "The password is SHA-256 hashed, the token is RS256 signed, the secret is base64-encoded.",
  "The password is 12 characters long; the token is 128-bit; the key is 32 bytes.",
  "Enter your password to continue. Use the token to authenticate 3 times.",
  "The secret to success is practice. The token for this page is shown below.",
  "set the token to null, then change the password to something stronger",
  "Unexpected token 'export'; unexpected token 'undefined' in JSON; the password 'must be long'",
  "const f = (token) => 'none'; password => hash(password); token => \"Bearer \" + token",
  "let token: string = read(); password: str = None; {password:password,token:this.token}",
  "a:b token:string key:value http://token:8080/ sorted by 'name' identified by 'email'",
  "mkdir -p build/2026 && cp -p a1 b2 && python -p x1 && ssh -p 2222 host && tar -a x1",
  "docker run -p 8080:80 image1 -w /app1; grep -w pass1; ps -p 1234",
  "mysql -u root -p shop2 < dump.sql; mysql -P 3306 -p",
  "mysql shop1; cp -pr2 a b && grep -pattern3 c",
  "description: |\n  The token2 is set\n  here.\npassword: |\nuser: bob1",
  "password: > 8 characters\nsecret: | a | b2 |",
  "| password | string | yes |",
])("ordinary traffic stays byte for byte: %s", (text) => {
  expect(redact(text, plain)).toBe(text);
  const inJson = JSON.stringify({ text });
  expect(redact(inJson, plain)).toBe(inJson);
});

const units = [
  " 'a",
  "password '",
  'token "1',
  "by '",
  "token =>",
  "'token' => '",
  "a: string =",
  "token:a1",
  "password: a.b?",
  ".b?",
  "\\\\n[",
  "\\\\\\\\u006",
  '{"password":{',
  '{"password":[',
  '{"token":{"a":"',
  '{"token":{"a":"x"},',
  '["token","',
  '["token","a"],',
  "('token','",
  '"value":"x","name":"token"',
  '"name":"token","value":',
  "{'value':'a','name':'token'",
  '\\u0061":',
  "token=\\u002B",
  "://a:\\u002B",
  "the password is ",
  "token for a is ",
  "password to ",
  " is",
  "mysql -p",
  "mysql -p'",
  "-p",
  " -p",
  " -p x",
  "login mysql docker -p x",
  "password: |\n ",
  "password: |\n  a\n",
  "password: |\\n  a\\n",
  "'password': ",
  "{'token':'",
  "password: ",
  'password = "',
  "--token ",
  "-u a:",
  "curl -u a:",
  "<password>",
  "<token a",
  "\\u003cpassword\\u003e",
  "\\u0022token\\u0022:",
  "&quot;token&quot;:",
  "token%3D",
  "Basic ",
  "aaaa==",
  "://a:",
  "://a:b:",
  "https://hooks.slack.com/",
  "LS0tLS1CRUdJTi",
  '"value":',
  "\\",
  "'",
  "`",
  ":\\/\\/",
  "key: ",
  "?code=",
  "\\u003d",
  "--",
  " ",
];

describe("hostile near-misses", () => {
  test.for(units)("a megabyte of them costs no more than reading it does: %j", (unit) => {
    const text = unit.repeat(1_000_000 / unit.length);
    // Four times a quarter of it; looking back over what was read would make it sixteen times, which is minutes.
    const quarter = cost(text.slice(0, text.length / 4));
    expect(cost(text)).toBeLessThan(Math.max(50, 8 * quarter));
  });

  test("no chain of members after a name costs more than reading it does", () => {
    for (const chain of [".b?", "?.b", ":b", ".b!", "::", ".b", "?."]) {
      expect(cost(`password: a${chain.repeat(80)}%`), chain).toBeLessThan(50);
    }
  });

  test("no mixture of them costs more, and nothing but the secrets is touched", () => {
    const mark = (_: string, found: string) => `⟦${found}⟧`;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...units), { minLength: 1, maxLength: 12 }), (some) => {
        const text = some.join("").repeat(20);
        expect(restored(redact(text, { mark }), text)).toBe(text);
      }),
      { numRuns: 300, examples: [[['token "1', '{"password":{', '"value":']]] },
    );
  });
});

/** What the marks stand in, but for the quotes that numbers get with theirs. */
function restored(shown: string, text: string): string {
  let all = "";
  let from = 0;
  for (const found of shown.matchAll(/(\\*"?)⟦([^⟧]*)⟧(\\*"?)/g)) {
    const [whole, before = "", secret = "", after = ""] = found;
    all += shown.slice(from, found.index);
    from = found.index + whole.length;
    const quoted = before + secret + after;
    const isNumber = before !== "" && before === after && /^[-+.\deE]+$/.test(secret);
    all += isNumber && !text.startsWith(quoted, all.length) ? secret : quoted;
  }
  return all + shown.slice(from);
}

/** Milliseconds of CPU, the least of some turns: others use the machine too. */
function cost(text: string): number {
  const turns = [1, 2, 3, 4, 5].map(() => {
    const before = process.cpuUsage();
    redact(text, plain);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...turns);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
