/** T3 teams apart, T4 keys, T9 exports, T20 agents that read, T21 sessions of browsers, T22 limits, T23 the audit log. */
import { breaks } from "./break.ts";

const sqlite = "test/store/sqlite-registry.test.ts";
const page = "src/access/own-page.ts";
const authenticate = "src/access/authenticate.ts";
const apiKeys = "src/api/api-keys.ts";
const registryKeys = "src/store/sqlite/registry-keys.ts";
const registryServers = "src/store/sqlite/registry-servers.ts";
const members = "src/store/sqlite/registry-members.ts";

const demandsToken =
  "if (token.length === expected.length && timingSafeEqual(token, expected)) return;";

const t3 = breaks("T3", {
  "src/api/tenants.test.ts": {
    "by another team's owner": [
      registryServers,
      '"SELECT * FROM servers WHERE team_id = ? AND id = ?"',
      '"SELECT * FROM servers WHERE (team_id = ? OR true) AND id = ?"',
    ],
    "without a good credential nothing is told": [
      [authenticate, "expiresAtMs <= clock.nowMs()) {", "false) {"],
      [
        authenticate,
        'if (!key) throw new Problem("invalid_token", "the API key is not valid");',
        "",
      ],
    ],
    "every operation is expected, and every expectation is of an operation": [
      "src/api/servers.ts",
      'name: "getServer",',
      'name: "fetchServer",',
    ],
    "takes no field that it does not know, and no prototype's": [
      ["src/api/fields.ts", "else if (unknown.length < problemsMax)", "else if (false)"],
      ["src/api/fields.ts", "if (known.includes(name))", "if (name in schema.shape)"],
    ],
    "by $kind of role $role": [
      ["src/access/permissions.ts", '[...reading, "servers:write"]', '[...reading, "admin"]'],
      [
        "src/api/needs.ts",
        'if (caller.credential.kind !== "key" || ofKeys === undefined) return;',
        "return;",
      ],
    ],
  },
  "src/api/teams.test.ts": {
    "what a role allows is decided by the team in the path, not by the active one": [
      "src/api/operation.ts",
      "inTeam ? await connection.inTeam(known, id) : known;",
      "inTeam ? { ...known, teamId: id } : known;",
    ],
  },
  "src/api/servers.test.ts": {
    "fifty servers created at once at a limit of three are three, and 47 refusals": [
      registryServers,
      "?.n) >= limit)",
      "?.n) > limit)",
    ],
  },
});

const t4 = [
  ...breaks("T4", {
    "src/access/secret-text.test.ts": {
      "a mistyped secret is told apart: every single changed character": [
        "src/access/secret-text.ts",
        "return text.slice(-checksumLength) === checksumOf(text.slice(0, -checksumLength));",
        "return true;",
      ],
      "a secret rests as the SHA-256 of its text": [
        "src/access/secret-text.ts",
        'return createHash("sha256").update(text).digest("hex");',
        'return Buffer.from(text).toString("hex");',
      ],
    },
    "src/api/api-keys.test.ts": {
      "one is shown once, works at once, and is masked ever after": [
        [apiKeys, "const ageDefaultMs = 90 * dayMs;", "const ageDefaultMs = 900 * dayMs;"],
        [apiKeys, "masked: `hw_…${key.lastFour}`", "masked: key.secretDigest"],
      ],
      "expires when it says so: then it is 401, a moment before it works": [
        authenticate,
        "expiresAtMs <= clock.nowMs()) {",
        "expiresAtMs < clock.nowMs()) {",
      ],
      "is refused from the moment it is deleted": [
        apiKeys,
        'found((await registry.removeKey(caller.teamId, id, trail)) || undefined, "API key");',
        "void trail;",
      ],
      "has all scopes of its maker unless fewer are asked for, and never one more": [
        [apiKeys, "if (beyond.length > 0)", "if (false)"],
        [
          apiKeys,
          "scopes: asked ?? scopes.filter((scope) => caller.scopes.has(scope)),",
          "scopes: asked ?? scopes,",
        ],
      ],
    },
    "test/e2e/sign-in.test.ts": {
      "a role, a session and a key that end are refused at the very next request": [
        [
          apiKeys,
          'found((await registry.removeKey(caller.teamId, id, trail)) || undefined, "API key");',
          "void trail;",
        ],
        [
          "src/access/authenticate.ts",
          "return { userId, teamId, role, scopes: scopesOf(role), credential: { kind, id }, sourceIp };",
          'return { userId, teamId, role, scopes: scopesOf("member"), credential: { kind, id }, sourceIp };',
        ],
        [
          "src/access/user-sessions.ts",
          "if (!(await this.#registry.endSession(id))) return false;",
          "",
        ],
      ],
    },
    "src/api/bodies-scope.test.ts": {
      "a call is shown without what it said": [
        "src/api/to-wire-call.ts",
        'return scopes.has("calls:bodies") ? toWirePreview : toWireFacts;',
        "return toWirePreview;",
      ],
    },
  }),
  ...breaks(
    "T4",
    {
      "test/store/registry/keys.ts": {
        "a key is found by the digest of its secret": [
          registryKeys,
          "file.get(bySecret, secretDigest));",
          "file.get(`SELECT * FROM api_keys WHERE secret_digest = '${secretDigest}'`));",
        ],
        "a key remembers its last use": [
          registryKeys,
          "last_used_ip = ? WHERE id = ?",
          "last_used_ip = coalesce(last_used_ip, ?) WHERE id = ?",
        ],
        "a use is audited when it is from another address than the last one": [
          registryKeys,
          "if (trail && row.last_used_ip !== ip)",
          "if (trail)",
        ],
      },
    },
    sqlite,
  ),
];

const t9 = breaks("T9", {
  "src/api/csv.test.ts": {
    "whatever a cell holds, a reader finds one cell, no formula and no control": [
      ["src/api/csv.ts", "return formulaStart.test(shown) ? `'${shown}` : shown;", "return shown;"],
      ["src/api/csv.ts", "text.replaceAll('\"', '\"\"')", "text"],
      ["src/api/csv.ts", "text.replaceAll(controls, picture)", "text"],
    ],
  },
});

const t20 = breaks("T20", {
  "src/api/reference.test.ts": {
    "what strangers wrote is marked in the OpenAPI document": [
      "src/api/wire.ts",
      "request_body: untrustedOrNull.describe(",
      "request_body: z.string().nullable().describe(",
    ],
  },
  "src/api/bodies-scope.test.ts": {
    "a call is shown without what it said, in the list and at its address": [
      "src/api/to-wire-call.ts",
      'return scopes.has("calls:bodies") ? toWireCall : toWireFacts;',
      "return toWireCall;",
    ],
  },
});

const t21 = breaks("T21", {
  "src/api/auth.test.ts": {
    "is a secret that scripts and other sites never see, over https alone": [
      ["src/access/session-cookie.ts", "`Path=/; HttpOnly; SameSite=Lax", "`Path=/; SameSite=Lax"],
      [
        "src/access/session-cookie.ts",
        "const secureName = `__Host-${plainName}`;",
        "const secureName = plainName;",
      ],
    ],
    "lets its pages read, and change with proof that they are ours": [page, demandsToken, ""],
    "changes nothing with": [
      [page, "  demandOwnOrigin(sent.headers, publicUrl);\n", ""],
      [page, "  demandJson(sent.headers);\n", ""],
      [page, demandsToken, "return;"],
    ],
    "is new at each sign-in, and the one that the browser had before is worth nothing": [
      "src/api/session-answer.ts",
      "await access.sessions.endCookie(earlier, beginning.sourceIp);",
      "void earlier;",
    ],
    "are answered alike, to the byte": [
      "src/access/sign-in.ts",
      '"the address or the password is wrong"',
      'user ? "the password is wrong" : "the address is wrong"',
    ],
    "of a stranger never keeps the owner out, who comes from elsewhere": [
      "src/access/attempts.ts",
      "digestOf(`${network} ${account}`)",
      "digestOf(account)",
    ],
  },
  "test/e2e/sign-in.test.ts": {
    "can neither read nor change with the dashboard's cookie": [
      page,
      'if (sent.method === "GET" || sent.method === "HEAD") return;',
      "return;",
    ],
    "cannot sign a browser in to an account of its own": [
      "src/api/session-answer.ts",
      'if (head.has("origin") || head.has("sec-fetch-site")) demandOwnOrigin(head, publicUrl);',
      "",
    ],
  },
  "src/access/authenticate.test.ts": {
    "is over twelve hours after its last use, and seven days after its beginning": [
      [
        authenticate,
        "const cookieIdleMs = 12 * 3_600_000;",
        "const cookieIdleMs = 13 * 3_600_000;",
      ],
      [
        "src/access/user-sessions.ts",
        "sessionMaxAgeMs = 7 * 86_400_000",
        "sessionMaxAgeMs = 8 * 86_400_000",
      ],
    ],
  },
  "src/access/passwords.test.ts": {
    "rests as argon2id at the cost that OWASP asks for": [
      "src/access/passwords.ts",
      "memoryKiB: 19_456,",
      "memoryKiB: 4_096,",
    ],
  },
  "src/api/invitations.test.ts": {
    "what cannot be accepted is refused in one way: spent, revoked, expired, another's, unknown": [
      [members, "if (!file.has(meant, user.id, invitation.email)) return undefined;", ""],
      [
        members,
        "if (!invitation || invitation.expiresAtMs <= trail.atMs) return undefined;",
        "if (!invitation) return undefined;",
      ],
    ],
  },
});

const t12 = breaks("T12", {
  "test/e2e/sign-in.test.ts": {
    "can neither read nor change with the dashboard's cookie": [
      "src/api/answer.ts",
      '  "Cache-Control": "no-store",\n',
      '  "Cache-Control": "no-store",\n  "Access-Control-Allow-Origin": "*",\n',
    ],
  },
});

const t22 = breaks("T22", {
  "test/e2e/plans.test.ts": {
    "calls of a month are counted over a restart, refused beyond the plan, and let in by another plan":
      ["src/host/traffic.ts", "mayCall: ({ teamId }) => usage.refusal(teamId),", ""],
  },
  "src/proxy/admission.test.ts": {
    "a call that its team may not make never reaches the upstream, and is told why and until when":
      [
        "src/proxy/admission.ts",
        "failures.tooManyExchanges : this.overLimit(target);",
        "failures.tooManyExchanges : undefined;",
      ],
  },
  "src/api/request-limits.test.ts": {
    "are as many a minute as its plan says, told with each answer, and begin anew": [
      "src/api/request-limits.ts",
      "exceeded: consumedPoints > limit };",
      "exceeded: consumedPoints > limit + 1 };",
    ],
  },
  "src/api/query.test.ts": {
    "a query is refused with the name of the field and the limit": [
      [
        "src/api/query-fields.ts",
        "if (!real || offsetHours > 23 || offsetMinutes > 59) {",
        "if (!real) {",
      ],
      ["src/api/fields.ts", "else if (unknown.length < problemsMax)", "else if (false)"],
    ],
  },
});

const t23 = [
  ...breaks(
    "T23",
    {
      "test/store/registry/auditing.ts": {
        "entries of a team count up from 1 without gaps, each chained to the one before": [
          "src/store/sqlite/registry-audit.ts",
          "chainHash(String(last?.hash ?? chainStart), event, seq);",
          "chainHash(chainStart, event, seq);",
        ],
        "entries outlive what they speak of": [
          registryServers,
          'file.run("DELETE FROM servers WHERE id = ?", id);',
          'file.run("DELETE FROM servers WHERE id = ?", id);\n        file.run("DELETE FROM audit WHERE subject_id = ?", id);',
        ],
      },
    },
    sqlite,
  ),
  ...breaks("T23", {
    "src/api/audit.test.ts": {
      "can be verified from its answers alone, as docs/api.md says": [
        "src/api/audit.ts",
        "source_ip: entry.sourceIp,",
        'source_ip: entry.sourceIp || "unknown",',
      ],
      "is each team's own, and only its admins'": [
        "src/api/audit.ts",
        'needs: { scope: "admin" },',
        'needs: { scope: "servers:read" },',
      ],
      "tells who did what to a server, with which credential and from where": [
        "src/api/server-trail.ts",
        '...(targetUrl === before.targetUrl ? [] : [is("server.rerouted", hosts)]),',
        "",
      ],
      "tells of a target that must not be called, new or changed to, which nothing becomes of": [
        "src/api/servers.ts",
        'await registry.addAudit(trailOf(caller, clock.nowMs(), "egress.refused", id, details));',
        "void details;",
      ],
    },
    "src/api/servers.test.ts": {
      "is moved by admins alone": ["src/api/servers.ts", 'demandScope(caller, "admin");', ""],
    },
    "src/api/own-calls.test.ts": {
      "leaves a trace of who asks for what must not be called": [
        "src/api/connection-check.ts",
        'await demandDialled(options, caller, { id: "", targetUrl });',
        "",
      ],
    },
  }),
];

export const people = [...t3, ...t4, ...t9, ...t12, ...t20, ...t21, ...t22, ...t23];
