/** What the API, its streams and files, and the dashboard show to whom: of T2 to T5, T7, T9, T15 to T17, T21 to T24. */
import { breaks } from "./break.ts";

const sqlite = "test/store/sqlite-registry.test.ts";
const memoryLog = "src/store/memory/call-log.ts";
const authenticate = "src/access/authenticate.ts";
const controlPlane = "src/api/control-plane.ts";
const followers = "src/api/followers.ts";
const ofOneTeam = "({ call }) => call.teamId === teamId && matches(call, filter),";
const ofAnyTeam = "({ call }) => matches(call, filter),";
const lockedHono = '"node_modules/hono": {\n      ';
const copyleft = '"node_modules/copyleft": { "version": "1.0.0", "license": "GPL-3.0-only" },';
const sixtyMore = Array.from({ length: 60 }, (_, n) => `"node_modules/more-${n}": {},\n    `);

const teams = [
  ...breaks("T2", {
    "src/id.test.ts": {
      "slugs are 130 random bits, each of its own": ["src/id.ts", "byte & 31", "byte & 15"],
    },
  }),
  ...breaks("T3", {
    "src/api/control-plane.test.ts": {
      "a foreign server_id answers as one that never was: nothing": [
        memoryLog,
        ofOneTeam,
        ofAnyTeam,
      ],
      "lists, counts and metrics hold its own calls only, even with another's cursor": [
        "src/store/sqlite/selection.ts",
        'tests.unshift({ column: "team", accepts: (value) => value === team });',
        "",
      ],
    },
    "src/api/facets.test.ts": {
      "another team's calls are in nobody else's facets": [memoryLog, ofOneTeam, ofAnyTeam],
    },
    "src/api/call-stream.test.ts": {
      "every filter of the list holds, and another team's calls are never shown": [
        memoryLog,
        ofOneTeam,
        ofAnyTeam,
      ],
      "two teams that follow the same share nothing": [
        followers,
        "JSON.stringify([teamId, [...scopes].sort(), query])",
        "JSON.stringify([[...scopes].sort(), query])",
      ],
      "two of a team who follow the same at once see each what they may": [
        followers,
        "JSON.stringify([teamId, [...scopes].sort(), query])",
        "JSON.stringify([teamId, query])",
      ],
      "a stream of the dashboard ends when its user is removed from the team": [
        controlPlane,
        "const now = await access.inTeam(await authenticate(), caller.teamId);",
        "const now = await authenticate();",
      ],
    },
    "src/api/slow-body.test.ts": {
      "changes nothing by %s %s": [
        "src/api/operation.ts",
        "declaration.body ? await admit(await connection.recheck()) : admitted;",
        "admitted;",
      ],
    },
    "src/api/bodies-scope.test.ts": {
      "a stream ends before it shows what its reader may see no more": [
        controlPlane,
        "demandAsBefore(caller, now);",
        "",
      ],
    },
    "src/api/members.test.ts": {
      "an $as does not make a $whose an $to": [
        "src/api/members.ts",
        "        demandRank(caller, role);\n",
        "",
      ],
    },
    "src/api/invitations.test.ts": {
      "nobody invites to a role above their own": [
        "src/api/invitations.ts",
        "demandRank(caller, body.role);",
        "",
      ],
    },
  }),
];

const keys = breaks("T4", {
  "src/access/authenticate.test.ts": {
    "a caller is asked for a credential when there is": [
      authenticate,
      "/^bearer +(.*)$/i",
      "/^(?:bearer +)?(.*)$/i",
    ],
    "two different keys are refused, even if one of them is known": [
      authenticate,
      "if (bearer !== undefined && key !== undefined && bearer !== key) {",
      "if (false) {",
    ],
  },
  "src/api/control-plane.test.ts": {
    "a key in $why is none": [
      controlPlane,
      "const { method, headers } = c.req.raw;",
      'const { method, headers } = c.req.raw;\n    const asked = c.req.query("api_key");\n    if (asked) headers.set("x-api-key", asked);',
    ],
  },
  "src/access/hostile-credentials.test.ts": {
    "whatever credentials are made up, they are refused in words of the API, and let nobody in": [
      "src/access/access-tokens.ts",
      "if (cause instanceof errors.JOSEError) throw notOurs(cause);",
      "",
    ],
  },
  "src/api/teams.test.ts": {
    "a key is bound to its team even where its user is in others": [
      authenticate,
      "const role = isByKey ? undefined : await",
      "const role = await",
    ],
  },
  "src/api/api-keys.test.ts": {
    "a key made by a key ends with it at the latest": [
      "src/api/api-keys.ts",
      "if ((endMs ?? Infinity) > lastMs) {",
      "if (false) {",
    ],
  },
});

const atRest = breaks("T5", {
  "src/api/servers.test.ts": {
    "is shown with its values to who may change it, without them to who may look": [
      "src/api/to-wire-server.ts",
      'scopes.has("servers:write") ? targetUrl : withoutQueryValues(targetUrl)',
      "targetUrl",
    ],
  },
  "test/e2e/sign-in.test.ts": {
    "no secret of an account rests in the data folder or the log": [
      "src/access/sign-in.ts",
      "const attempt = await attempts.begin(sourceIp, email);",
      'const attempt = await attempts.begin(sourceIp, email);\n    process.stderr.write(JSON.stringify({ level: "debug", password }) + "\\n");',
    ],
  },
  "test/store/sqlite.test.ts": {
    "files and the folder made for them are for their owner only": [
      "src/store/sqlite/database.ts",
      '  closeSync(openSync(path, "a", 0o600));\n  chmodSync(path, 0o600);',
      '  closeSync(openSync(path, "a", 0o644));\n  chmodSync(path, 0o644);',
    ],
  },
  "src/host/data-dir.test.ts": {
    "a missing folder is made with its parents, for its owner alone": [
      "src/host/data-dir.ts",
      "const ownerOnly = 0o700;",
      "const ownerOnly = 0o755;",
    ],
  },
});

const pages = [
  ...breaks("T7", {
    "test/dashboard-architecture.test.ts": {
      "makes nothing of the kind: $what": [
        "dashboard/ui/safe-text.tsx",
        "<Fragment key={at}>{part.text}</Fragment>",
        "<span key={at} dangerouslySetInnerHTML={{ __html: part.text }} />",
      ],
    },
    "test/dashboard/hostile.test.ts": {
      "is text in the view Overview of every call": [
        "dashboard/call/content-blocks.tsx",
        '<SafeText className="font-medium">{textOf(link.title) || textOf(link.name)}</SafeText>',
        "<a href={textOf(link.uri)}>{textOf(link.name)}</a>",
      ],
    },
    "dashboard/visible-text.test.ts": {
      "what cannot be seen is shown: $name": [
        "dashboard/visible-text.ts",
        "\\u2028-\\u202e",
        "\\u2028-\\u2029",
      ],
    },
    "dashboard/call/magic-bytes.test.ts": {
      "%j is %s": [
        "dashboard/call/magic-bytes.ts",
        'if (text.slice(4, 12) === "ftypavif") return "image/avif";',
        'if (text.slice(4, 12) === "ftypavif") return "image/avif";\n  if (text.includes("<svg")) return "image/svg+xml";',
      ],
    },
    "src/api/control-plane.test.ts": {
      "every answer carries its header fields": [
        "src/api/answer.ts",
        '"X-Content-Type-Options": "nosniff",',
        "",
      ],
    },
  }),
  ...breaks("T9", {
    "src/api/call-export.test.ts": {
      "%s says what it is, and is saved under a name of ours": [
        "src/api/call-export.ts",
        "`attachment; filename=",
        "`inline; filename=",
      ],
    },
  }),
  ...breaks("T15", {
    "src/capture/redact-path.test.ts": {
      "%s is shown as %s": [
        "src/capture/redact-path.ts",
        'seal.mark(secretType(name) || "value", value)',
        "value",
      ],
    },
  }),
];

const sizes = [
  ...breaks("T16", {
    "src/capture/capture.test.ts": {
      "a batch opens a thousand calls and counts the rest": [
        "src/capture/exchange-calls.ts",
        "if (this.opened >= batchMax) {",
        "if (false) {",
      ],
    },
    "src/api/control-plane.test.ts": {
      "one byte over 1 MiB, announced or not, and taken at the limit": [
        "src/api/body.ts",
        "if (announced > bodyMaxBytes)",
        "if (false)",
      ],
      "a body is refused that is": ["src/api/body.ts", "  refuseLargeShape(text);\n", ""],
    },
  }),
  ...breaks("T17", {
    "src/edge/listener.test.ts": {
      "an idle connection ends after its time": [
        "src/edge/listener.ts",
        "  else socket.destroy();\n}",
        "}",
      ],
    },
  }),
];

const sessions = breaks("T21", {
  "src/access/passwords.test.ts": {
    "it takes as long as with one": [
      "src/access/passwords.ts",
      "const tag = await this.#derive(password, known);",
      "if (phc === undefined) return { matches: false, isOutdated: false };\n    const tag = await this.#derive(password, known);",
    ],
  },
  "src/api/auth.test.ts": {
    "is refused after five failures of one network, right password or not, with the time to wait": [
      "src/access/attempts.ts",
      "      await this.#byAccount.count(pair);\n",
      "",
    ],
    "over many accounts is refused after a hundred failures of one network": [
      "src/access/attempts.ts",
      "    await this.#byNetwork.count(network);\n",
      "",
    ],
    "an invitation that has expired lets in nobody": [
      "src/access/registration.ts",
      "if (invitation?.email === email && invitation.expiresAtMs > clock.nowMs()) return invitation;",
      "if (invitation?.email === email) return invitation;",
    ],
    "is forgotten at sign-out, by the browser and by us": [
      "src/access/user-sessions.ts",
      "    if (!(await this.#registry.endSession(id))) return false;\n",
      "",
    ],
    "is replaced when the password changes": [
      "src/api/auth-user.ts",
      "          await renewCookie(options, caller, head, answerHead);\n",
      "          void [renewCookie, head, answerHead];\n",
    ],
    "a refresh token is good once; what comes next goes on, and one that comes twice ends it all": [
      "src/access/user-sessions.ts",
      'if (turned.kind === "rotated") {',
      "if (turned) {",
    ],
  },
});

const bounds = [
  ...breaks("T22", {
    "src/api/bounded-log.test.ts": {
      "a team has 64 questions open and no more, which keeps nobody else from asking": [
        "src/api/slots.ts",
        "if (ofTeam >= teamMax) {",
        "if (this.#taken >= teamMax) {",
      ],
    },
    "src/api/call-export.test.ts": {
      "a team has four exports at once, and room again when one of them ends": [
        "src/api/call-export.ts",
        "hostMax: 16, teamMax: 4",
        "hostMax: 16, teamMax: 5",
      ],
    },
    "src/api/call-stream.test.ts": {
      "a team has so many streams and no more, and room again when one of them ends": [
        followers,
        "hostMax: 500, teamMax: 250",
        "hostMax: 500, teamMax: 251",
      ],
    },
    "test/store/sqlite.test.ts": {
      "a search that runs out of time goes on with the next page, and misses nothing": [
        "src/store/sqlite/call-search.ts",
        "const deadlineMs = clock.monotonicMs() + searchMaxMs;",
        "const deadlineMs = clock.monotonicMs() + 1_000 * searchMaxMs;",
      ],
    },
  }),
  ...breaks(
    "T23",
    {
      "test/store/sqlite-registry.test.ts": {
        "refuses: %s": [
          "src/store/sqlite/schema/registry/0001-registry.sql",
          "BEFORE UPDATE ON audit BEGIN",
          "BEFORE UPDATE OF hash ON audit BEGIN",
        ],
      },
      "test/store/registry/auditing.ts": {
        "entries are in the order they were added in, whatever their clocks said": [
          "src/store/sqlite/registry-audit.ts",
          "WHERE ${terms} ORDER BY seq DESC LIMIT ?",
          "WHERE ${terms} ORDER BY at_ms DESC LIMIT ?",
        ],
      },
    },
    sqlite,
  ),
  ...breaks("T23", {
    "src/api/auth.test.ts": {
      "who comes in and who fails to is in the audit log of the team": [
        "src/access/sign-in.ts",
        'failures.note(user?.id, sourceIp, "password");',
        "void failures;",
      ],
    },
    "src/api/members.test.ts": {
      "get the role that an admin gives them, told with the old one in the audit log": [
        "src/api/members.ts",
        "old_role: member.role, new_role: role",
        "old_role: role, new_role: role",
      ],
    },
    "src/api/audit.test.ts": {
      "tells of deleted calls and of exports, but not what was searched for": [
        "src/api/call-export.ts",
        'text === undefined ? filter : { ...filter, text: "…" };',
        "filter;",
      ],
    },
  }),
  ...breaks("T24", {
    "test/supply-chain.test.ts": {
      "has at most ${packagesMax} packages of the running product": [
        "package-lock.json",
        lockedHono,
        `${sixtyMore.join("")}${lockedHono}`,
      ],
      "ships only licences that go with ours": [
        "package-lock.json",
        lockedHono,
        `${copyleft}\n    ${lockedHono}`,
      ],
      "asks for exact versions": [
        "package-lock.json",
        '"devDependencies": {\n        "@base-ui/react": "',
        '"devDependencies": {\n        "@base-ui/react": "^',
      ],
    },
  }),
];

export const shown = [...teams, ...keys, ...atRest, ...pages, ...sizes, ...sessions, ...bounds];
