/** Sessions and sign-in links of the registry in SQLite. */
import type { Session } from "../../session.ts";
import { taken } from "../refusals.ts";
import { type Sessions, type SignInLinks, sessionSecretsMax } from "../registry.ts";
import type { RegistryFile } from "./registry-file.ts";
import { sessionOf, userOf } from "./registry-row.ts";

export function sessions(file: RegistryFile): Sessions {
  return {
    addSession: async (session, secretDigest) =>
      file.write(() => {
        file.demandBoth(session);
        if (findSession(file, session.id)) throw taken("a session with this id");
        const { id, userId, teamId, kind, sourceIp, createdAtMs, lastUsedAtMs, expiresAtMs } =
          session;
        file.run(
          "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          ...[id, userId, teamId, kind, sourceIp, createdAtMs, lastUsedAtMs, expiresAtMs],
        );
        insertSecret(file, secretDigest, id);
      }),

    findSession: async (id) => file.read(() => findSession(file, id)),

    findSessionBySecret: async (secretDigest) => {
      const row = file.read(() => file.get(`${bySecret} AND is_present = 1`, secretDigest));
      return row && sessionOf(row);
    },

    rotateSession: async (secretDigest, newSecretDigest, atMs) =>
      file.write(() => {
        const row = file.get(bySecret, secretDigest);
        const session = row && sessionOf(row);
        if (!session || session.expiresAtMs <= atMs) return undefined;
        const isReused = row.is_present === 0;
        if (isReused || countSecrets(file, session.id) >= sessionSecretsMax) {
          file.run("DELETE FROM sessions WHERE id = ?", session.id);
          return isReused ? { kind: "reused", session } : undefined;
        }
        const replace = "UPDATE session_secrets SET is_present = 0 WHERE secret_digest = ?";
        file.run(replace, secretDigest);
        insertSecret(file, newSecretDigest, session.id);
        return { kind: "rotated", session: update(file, { ...session, lastUsedAtMs: atMs }) };
      }),

    changeSession: async (id, changes) =>
      file.write(() => {
        const before = findSession(file, id);
        if (!before) return undefined;
        if (changes.teamId !== undefined) file.demandTeam(changes.teamId);
        return update(file, { ...before, ...changes });
      }),

    sessions: async (userId) => {
      const sql = "SELECT * FROM sessions WHERE user_id = ? ORDER BY created_at_ms DESC, id DESC";
      return file.read(() => file.all(sql, userId).map(sessionOf));
    },

    endSession: async (id) =>
      file.write(() => file.run("DELETE FROM sessions WHERE id = ?", id) > 0),

    pruneSessions: async (beforeMs) =>
      file.write(() => {
        const ended = file.run("DELETE FROM sessions WHERE expires_at_ms < ?", beforeMs);
        return ended + file.run("DELETE FROM sign_in_links WHERE expires_at_ms < ?", beforeMs);
      }),
  };
}

export function signInLinks(file: RegistryFile): SignInLinks {
  return {
    addSignInLink: async (secretDigest, userId, expiresAtMs) =>
      file.write(() => {
        file.demandUser(userId);
        if (file.has("SELECT 1 FROM sign_in_links WHERE secret_digest = ?", secretDigest))
          throw taken("a sign-in link with this secret");
        file.run("INSERT INTO sign_in_links VALUES (?, ?, ?)", secretDigest, userId, expiresAtMs);
      }),

    spendSignInLink: async (secretDigest, atMs) =>
      file.write(() => {
        const sql = `
          SELECT users.* FROM sign_in_links JOIN users ON users.id = sign_in_links.user_id
          WHERE secret_digest = ? AND expires_at_ms > ?`;
        const row = file.get(sql, secretDigest, atMs);
        if (!row) return undefined;
        file.run("DELETE FROM sign_in_links WHERE secret_digest = ?", secretDigest);
        return userOf(row);
      }),
  };
}

const bySecret = `
  SELECT sessions.*, is_present
  FROM session_secrets JOIN sessions ON sessions.id = session_secrets.session_id
  WHERE secret_digest = ?`;

function findSession(file: RegistryFile, id: string): Session | undefined {
  const row = file.get("SELECT * FROM sessions WHERE id = ?", id);
  return row && sessionOf(row);
}

function countSecrets(file: RegistryFile, sessionId: string): number {
  const sql = "SELECT count(*) AS n FROM session_secrets WHERE session_id = ?";
  return Number(file.get(sql, sessionId)?.n);
}

/** @throws Problem `resource_exists` — the secret is taken. */
function insertSecret(file: RegistryFile, secretDigest: string, sessionId: string): void {
  if (file.has("SELECT 1 FROM session_secrets WHERE secret_digest = ?", secretDigest))
    throw taken("a session with this secret");
  file.run("INSERT INTO session_secrets VALUES (?, ?, 1)", secretDigest, sessionId);
}

function update(file: RegistryFile, session: Session): Session {
  const sql = "UPDATE sessions SET team_id = ?, last_used_at_ms = ? WHERE id = ?";
  file.run(sql, session.teamId, session.lastUsedAtMs, session.id);
  return session;
}
