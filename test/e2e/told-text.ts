/**
 * Everything that a host tells about calls when it is asked, as text that can be searched: every GET operation of its
 * own description, every format of the export, its figures and pages.
 */
import { randomUUID } from "node:crypto";
import type { Rig } from "./rig.ts";

export interface Asked {
  readonly serverId: string;
  readonly callIds: readonly string[];
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Pairs of what was asked for and what was told. */
export async function toldBy(
  rig: Rig,
  asked: Asked,
): Promise<readonly (readonly [string, string])[]> {
  const description = await rig.api.send<Description>("GET", "/openapi.json");
  const described = Object.entries(description.paths).flatMap(([path, operations]) =>
    "get" in operations && !path.endsWith("/stream") ? pathsOf(path, asked) : [],
  );
  const exports = ["ndjson", "csv", "har"].map((format) => `/v1/mcp/calls/export?format=${format}`);
  const pages = ["/metrics", "/healthz", "/readyz", "/openapi.json", "/docs", "/"];
  const told: (readonly [string, string])[] = [];
  for (const path of [...described, ...exports, ...pages]) {
    const headers = { authorization: `Bearer ${rig.apiKey}` };
    const answer = await fetch(`${rig.url}${path}`, { headers });
    const text = await answer.text();
    if (path.startsWith("/v1/mcp/calls") && !answer.ok) {
      throw new Error(`GET ${path}: ${answer.status} ${text}`);
    }
    told.push([path, `${JSON.stringify([...answer.headers])}\n${text}`]);
  }
  return told;
}

/** A path for each thing there is; of kinds that nothing is known of, for one that is not there. */
function pathsOf(path: string, { serverId, callIds }: Asked): readonly string[] {
  if (!path.includes("{")) return [path.endsWith("/export") ? `${path}?format=ndjson` : path];
  const ids = path.startsWith("/v1/mcp/servers/")
    ? [serverId]
    : path.startsWith("/v1/mcp/calls/")
      ? callIds
      : [randomUUID()];
  return ids.map((id) => path.replace(/\{\w+\}/g, id));
}
