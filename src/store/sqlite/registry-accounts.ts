/** Users of the registry in SQLite, and how they prove who they are. */

import { taken } from "../refusals.ts";
import type { Accounts, Founding } from "../registry.ts";
import { appendAudit } from "./registry-audit.ts";
import type { RegistryFile } from "./registry-file.ts";
import { type Row, teamOf, userOf } from "./registry-row.ts";
import { insertTeam } from "./registry-teams.ts";

export function accounts(file: RegistryFile): Accounts {
  const findUser = async (sql: string, ...values: readonly string[]) =>
    file.read(() => userIn(file.get(sql, ...values)));
  return {
    bootstrap: async (owner) =>
      file.write(() => {
        const present = presentFounding(file);
        if (present) return { ...present, created: false };
        insertFounding(file, owner, undefined);
        file.run("INSERT INTO founding VALUES (1, ?, ?)", owner.user.id, owner.team.id);
        return { user: owner.user, team: owner.team, created: true };
      }),

    addUser: async (founding, passwordHash, trail) =>
      file.write(() => {
        insertFounding(file, founding, passwordHash);
        appendAudit(file, trail);
      }),

    findUser: (id) => findUser("SELECT * FROM users WHERE id = ?", id),
    findUserByEmail: (email) => findUser("SELECT * FROM users WHERE email = ?", email),

    passwordHash: async (userId) =>
      file.read(() => {
        const row = file.get("SELECT password_hash FROM users WHERE id = ?", userId);
        return typeof row?.password_hash === "string" ? row.password_hash : undefined;
      }),

    setPasswordHash: async (userId, from, hash, keptSessionId, trail) =>
      file.write(() => {
        const set = "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash IS ?";
        if (file.run(set, hash, userId, from ?? null) === 0) return false;
        const end = "DELETE FROM sessions WHERE user_id = ? AND id IS NOT ?";
        file.run(end, userId, keptSessionId ?? null);
        file.run("DELETE FROM sign_in_links WHERE user_id = ?", userId);
        appendAudit(file, trail);
        return true;
      }),

    upgradePasswordHash: async (userId, from, to) =>
      file.write(() => {
        const set = "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?";
        file.run(set, to, userId, from);
      }),

    findIdentity: (issuer, subject) => findUser(identitySql, issuer, subject),

    hasIdentity: async (issuer, userId) => {
      const sql = "SELECT 1 FROM identities WHERE user_id = ? AND issuer = ?";
      return file.read(() => file.has(sql, userId, issuer));
    },

    addIdentity: async (issuer, subject, userId) =>
      file.write(() => {
        file.demandUser(userId);
        if (file.has(identitySql, issuer, subject)) throw taken("an identity with this subject");
        file.run("INSERT INTO identities VALUES (?, ?, ?)", issuer, subject, userId);
      }),
  };
}

const identitySql = `
  SELECT users.* FROM identities JOIN users ON users.id = identities.user_id
  WHERE issuer = ? AND subject = ?`;

function userIn(row: Row | undefined) {
  return row && userOf(row);
}

function presentFounding(file: RegistryFile): Founding | undefined {
  const founding = file.get("SELECT user_id, team_id FROM founding");
  const user = founding && file.get("SELECT * FROM users WHERE id = ?", String(founding.user_id));
  const team = founding && file.get("SELECT * FROM teams WHERE id = ?", String(founding.team_id));
  return user && team && { user: userOf(user), team: teamOf(team) };
}

function insertFounding(
  file: RegistryFile,
  { user, team }: Founding,
  passwordHash: string | undefined,
): void {
  if (file.has("SELECT 1 FROM users WHERE id = ?1 OR email = ?2", user.id, user.email))
    throw taken("a user with this id or address");
  const { id, email, createdAtMs } = user;
  const insert = "INSERT INTO users VALUES (?, ?, ?, ?)";
  file.run(insert, id, email, passwordHash ?? null, createdAtMs);
  insertTeam(file, team, user.id);
}
