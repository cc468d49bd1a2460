/**
 * The control plane over real stores, asked without a socket. `engines` names the stores; suites run
 * on each. Time stands still at `now` unless a test moves it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { digestOf, lastFourOf, newKeyText } from "../../src/access/keys.ts";
import { type ControlPlaneOptions, controlPlane } from "../../src/api/control-plane.ts";
import { Followers, followersDefaults } from "../../src/api/followers.ts";
import type { WireProblem, WireServer } from "../../src/api/wire.ts";
import type { Call } from "../../src/call.ts";
import { idsByTime, newId } from "../../src/id.ts";
import type { CallLog } from "../../src/store/call-log.ts";
import { MemoryCallLog } from "../../src/store/memory/call-log.ts";
import { MemoryRegistry } from "../../src/store/memory/registry.ts";
import type { Registry } from "../../src/store/registry.ts";
import { SqliteCallLog } from "../../src/store/sqlite/call-log.ts";
import { SqliteRegistry } from "../../src/store/sqlite/registry.ts";
import type { Caller } from "../../src/team.ts";
import { type LogFields, silentLog } from "../../src/telemetry.ts";

export const engines = ["memory", "sqlite"] as const;
export type Engine = (typeof engines)[number];

export const now = Date.parse("2026-11-20T12:34:56.789Z");
const idAt = idsByTime();

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Body;
}

export interface Member extends Caller {
  readonly key: string;
}

export interface Ask {
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object travels as its JSON. */
  readonly body?: string | Uint8Array<ArrayBuffer> | object;
}

export type Rig = Awaited<ReturnType<typeof openRig>>;

export async function openRig(
  engine: Engine,
  options: Partial<Omit<ControlPlaneOptions, "registry" | "followers">> = {},
) {
  await using open = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "hookwatch-api-"));
  open.defer(() => rmSync(folder, { recursive: true }));
  const stores = openStores(engine, folder);
  const registry = open.use(stores.registry);
  const log = open.use(stores.log);
  const founder = await foundTeam(registry);
  const clock = { nowMs: () => now, monotonicMs: () => 0 };
  // Other hosts' writes are looked for often, so that no test has to wait for a second to pass.
  const followers = open.use(
    new Followers(options.log ?? log, { ...followersDefaults, pollMs: 20 }),
  );
  const reports: { readonly fields: LogFields; readonly message: string }[] = [];
  const line = (fields: LogFields, message: string) => void reports.push({ fields, message });
  const app = controlPlane({
    log,
    followers,
    registry,
    refuseTarget: ({ hostname }) =>
      hostname === "169.254.169.254" ? "must not be a metadata address" : undefined,
    publicUrl: () => "https://hookwatch.example",
    serversMax: 0,
    clock,
    report: { ...silentLog, warn: line, error: line },
    version: "9.9.9",
    ...options,
  });

  async function ask<Body = WireProblem>(
    method: string,
    path: string,
    { key = founder.key, headers = {}, body }: Ask = {},
  ): Promise<Answer<Body>> {
    const credential = key === null ? {} : { authorization: `Bearer ${key}` };
    const response = await app.request(path, {
      method,
      headers: { ...credential, ...headers },
      ...(body !== undefined && { body: isBytes(body) ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get("content-type")?.startsWith("application/json") && text;
    const { status, headers: fields } = response;
    return { status, headers: fields, text, body: (json ? JSON.parse(text) : undefined) as Body };
  }

  async function addServer(name = "a server"): Promise<WireServer> {
    const asked = { body: { name, target_url: "http://127.0.0.1:3001/mcp" } };
    return (await ask<WireServer>("POST", "/v1/mcp/servers", asked)).body;
  }

  /** A second team in the same stores; the contract of the registry has no verb for it yet. */
  async function addStranger(): Promise<Member> {
    if (engine !== "sqlite") throw new Error("only the SQLite registry can be given a second team");
    const stranger: Member = { userId: newId(), teamId: newId(), key: newKeyText() };
    const database = new DatabaseSync(join(folder, "registry.db"));
    database.prepare("INSERT INTO users VALUES (?, 'else@example.com', 1)").run(stranger.userId);
    database.prepare("INSERT INTO teams VALUES (?, 'else', 1)").run(stranger.teamId);
    database.close();
    await addKey(registry, stranger);
    return stranger;
  }

  const opened = open.move();
  return {
    ...{ app, ask, addServer, addStranger, registry, log, followers, founder, reports },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** A finished call of the given team, unlike any other by its id. */
export function callOf({ teamId }: Caller, changes: Partial<Call> = {}): Call {
  const startedAtMs = changes.startedAtMs ?? now - 60_000;
  const id = idAt(startedAtMs);
  return {
    id,
    parentId: "",
    logicalId: id,
    teamId,
    serverId: "0192aaaa-0000-7000-8000-000000000001",
    kind: "request",
    direction: "client",
    method: "tools/call",
    toolName: "forecast",
    rpcId: "1",
    path: "",
    requestBody: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"forecast"}}',
    responseBody: '{"jsonrpc":"2.0","id":1,"result":{}}',
    status: "success",
    resultType: "complete",
    statusCode: 200,
    errorMessage: "",
    errorKind: "",
    errorCode: null,
    durationMs: 12,
    ttfbMs: 10,
    sourceIp: "127.0.0.1",
    headers: { accept: "application/json" },
    headerMismatches: [],
    sessionId: "",
    protocolVersion: "",
    clientName: "",
    clientVersion: "",
    requestBytes: 75,
    responseBytes: 36,
    requestTruncated: false,
    responseTruncated: false,
    traceId: "",
    startedAtMs,
    messages: [],
    ...changes,
  };
}

/** The body of every `validation_error` about one field. */
export function fieldError(field: string, message: string): WireProblem {
  const details = [{ field, message }];
  return { error: { code: "validation_error", message: `${field}: ${message}`, details } };
}

function openStores(engine: Engine, folder: string): { log: CallLog; registry: Registry } {
  if (engine === "memory") return { log: new MemoryCallLog(), registry: new MemoryRegistry() };
  return {
    log: SqliteCallLog.open(join(folder, "calls.db"), { mode: "write" }),
    registry: SqliteRegistry.open(join(folder, "registry.db")),
  };
}

async function foundTeam(registry: Registry): Promise<Member> {
  const { user, team } = await registry.bootstrap({
    user: { id: newId(), email: "owner@example.com", createdAtMs: 1 },
    team: { id: newId(), name: "ours", createdAtMs: 1 },
  });
  const founder: Member = { userId: user.id, teamId: team.id, key: newKeyText() };
  await addKey(registry, founder);
  return founder;
}

async function addKey(registry: Registry, { userId, teamId, key }: Member): Promise<void> {
  await registry.addKey({
    ...{ id: newId(), teamId, userId, name: "a key" },
    secretDigest: digestOf(key),
    lastFour: lastFourOf(key),
    createdAtMs: 1,
  });
}

function isBytes(body: NonNullable<Ask["body"]>): body is string | Uint8Array<ArrayBuffer> {
  return typeof body === "string" || body instanceof Uint8Array;
}
