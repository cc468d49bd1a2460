/** Rows of the registry's tables, as the nouns they stand for. The schema is STRICT: the types are as said. */
import type { SQLOutputValue } from "node:sqlite";
import type { Server } from "../../server.ts";
import type { ApiKey } from "../../team.ts";
import type { Founding } from "../registry.ts";

export type Row = Readonly<Record<string, SQLOutputValue>>;

export function foundingOf(row: Row): Founding {
  return {
    user: {
      id: String(row.user_id),
      email: String(row.email),
      createdAtMs: Number(row.user_created_at_ms),
    },
    team: {
      id: String(row.team_id),
      name: String(row.team_name),
      createdAtMs: Number(row.team_created_at_ms),
    },
  };
}

export function keyOf(row: Row): ApiKey {
  return {
    id: String(row.id),
    teamId: String(row.team_id),
    userId: String(row.user_id),
    name: String(row.name),
    secretDigest: String(row.secret_digest),
    lastFour: String(row.last_four),
    createdAtMs: Number(row.created_at_ms),
  };
}

export function serverOf(row: Row): Server {
  return {
    id: String(row.id),
    userId: String(row.user_id),
    teamId: String(row.team_id),
    slug: String(row.slug),
    name: String(row.name),
    targetUrl: String(row.target_url),
    isActive: row.is_active === 1,
    createdAtMs: Number(row.created_at_ms),
    updatedAtMs: Number(row.updated_at_ms),
  };
}

export function removedOf(row: Row): { readonly teamId: string; readonly id: string } {
  return { teamId: String(row.team_id), id: String(row.id) };
}

/** SQLITE_CONSTRAINT_PRIMARYKEY or _UNIQUE: https://www.sqlite.org/rescode.html#constraint_unique */
export function isConflict(cause: unknown): boolean {
  return (
    cause instanceof Error &&
    "errcode" in cause &&
    (cause.errcode === 1555 || cause.errcode === 2067)
  );
}
