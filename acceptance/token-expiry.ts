/** Of Q16: keys, access tokens and sessions end by the wall clock, wherever it jumps. */
import { setTimeout as sleep } from "node:timers/promises";
import type { HostProcess } from "./host-process.ts";
import type { Run } from "./run.ts";

const demand = "tokens expire by wall clock ± 1 s";
const keyLifeMs = 4_000;
const askedEveryMs = 50;
const toleranceMs = 1_000;

/** @param jump sets the host's clock so far from that of this process. */
export async function checkTokenExpiry(
  run: Run,
  host: HostProcess,
  jump: (shift: string) => void,
): Promise<void> {
  jump("+0");
  await checkKey(run, host);
  const session = await signIn(host);
  for (const [what, credential] of [
    ["an access token of 15 minutes", session.access_token],
    ["a key of half an hour", await newKey(host, 1_800_000)],
  ] as const) {
    const seen: number[] = [];
    for (const shift of ["+0", "+1h", "+0", "-1h"]) {
      jump(shift);
      seen.push(await statusWith(host, credential));
    }
    run.check(
      `${demand}: ${what}, an hour ahead and back`,
      `status ${seen.join(", ")}`,
      seen.join() === "200,401,200,200",
    );
  }
  jump("+8d");
  const late = await refreshed(host, session.refresh_token);
  jump("+0");
  run.check(`${demand}: a session of 7 days, 8 days ahead`, `status ${late}`, late === 401);
}

async function checkKey(run: Run, host: HostProcess): Promise<void> {
  const endsAtMs = Date.now() + keyLifeMs;
  const key = await newKey(host, keyLifeMs);
  while ((await statusWith(host, key)) === 200 && Date.now() < endsAtMs + 2 * toleranceMs) {
    await sleep(askedEveryMs);
  }
  const lateMs = Date.now() - endsAtMs;
  run.check(
    `${demand}: a key of ${keyLifeMs} ms`,
    `${lateMs} ms late`,
    Math.abs(lateMs) <= toleranceMs,
  );
}

async function newKey(host: HostProcess, lifeMs: number): Promise<string> {
  const body = { name: "expiry", expires_at: new Date(Date.now() + lifeMs).toISOString() };
  return (await host.api.send<{ key: string }>("POST", "/v1/api-keys", body)).key;
}

async function statusWith(host: HostProcess, credential: string): Promise<number> {
  const headers = { Authorization: `Bearer ${credential}` };
  const answer = await fetch(`${host.url}/v1/mcp/servers`, { headers });
  await answer.body?.cancel();
  return answer.status;
}

interface SignedIn {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** By the link that the host printed, which is good for one use. */
function signIn(host: HostProcess): Promise<SignedIn> {
  const link = host.output.find((line) => line.includes("#token="))?.trim() ?? "";
  const token = link.slice(link.indexOf("#token=") + "#token=".length);
  return post<SignedIn>(host, "/v1/auth/sign-in-link", { token });
}

async function refreshed(host: HostProcess, refreshToken: string): Promise<number> {
  return (await send(host, "/v1/auth/refresh", { refresh_token: refreshToken })).status;
}

async function post<Body>(host: HostProcess, path: string, body: object): Promise<Body> {
  const answer = await send(host, path, body);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Body;
}

function send(host: HostProcess, path: string, body: object): Promise<Response> {
  const headers = { "Content-Type": "application/json" };
  return fetch(`${host.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}
