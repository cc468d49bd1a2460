/** Users of the registry in memory, and how they prove who they are. */
import { taken } from "../refusals.ts";
import type { Accounts, Founding } from "../registry.ts";
import { pair, type RegistryTables } from "./registry-tables.ts";
import { insertTeam } from "./registry-teams.ts";

export function accounts(tables: RegistryTables): Accounts {
  const { users, passwordHashes, identities, sessions, signInLinks } = tables;
  const userOf = (id: string | undefined) => (id === undefined ? undefined : users.get(id));
  return {
    bootstrap: async (owner) => {
      const present = presentFounding(tables);
      if (present) return { ...present, created: false };
      insertFounding(tables, owner);
      tables.founding = { userId: owner.user.id, teamId: owner.team.id };
      return { user: owner.user, team: owner.team, created: true };
    },

    addUser: async (founding, passwordHash, trail) => {
      insertFounding(tables, founding);
      if (passwordHash !== undefined) passwordHashes.set(founding.user.id, passwordHash);
      tables.appendAudit(trail);
    },

    findUser: async (id) => users.get(id),
    findUserByEmail: async (email) => [...users.values()].find((user) => user.email === email),
    passwordHash: async (userId) => passwordHashes.get(userId),

    setPasswordHash: async (userId, from, hash, keptSessionId, trail) => {
      if (!users.has(userId) || passwordHashes.get(userId) !== from) return false;
      passwordHashes.set(userId, hash);
      for (const session of sessions.values())
        if (session.userId === userId && session.id !== keptSessionId)
          tables.endSession(session.id);
      for (const [digest, link] of signInLinks)
        if (link.userId === userId) signInLinks.delete(digest);
      tables.appendAudit(trail);
      return true;
    },

    upgradePasswordHash: async (userId, from, to) => {
      if (passwordHashes.get(userId) === from) passwordHashes.set(userId, to);
    },

    findIdentity: async (issuer, subject) => userOf(identities.get(pair(issuer, subject))),

    hasIdentity: async (issuer, userId) =>
      [...identities].some(([identity, id]) => id === userId && isOfIssuer(identity, issuer)),

    addIdentity: async (issuer, subject, userId) => {
      tables.demandUser(userId);
      const identity = pair(issuer, subject);
      if (identities.has(identity)) throw taken("an identity with this subject");
      identities.set(identity, userId);
    },
  };
}

function isOfIssuer(identity: string, issuer: string): boolean {
  return identity.startsWith(`${JSON.stringify([issuer]).slice(0, -1)},`);
}

function presentFounding({ founding, users, teams }: RegistryTables): Founding | undefined {
  const user = founding && users.get(founding.userId);
  const team = founding && teams.get(founding.teamId);
  return user && team && { user, team };
}

function insertFounding(tables: RegistryTables, { user, team }: Founding): void {
  const { users, teams } = tables;
  if (users.has(user.id) || [...users.values()].some(({ email }) => email === user.email))
    throw taken("a user with this id or address");
  if (teams.has(team.id)) throw taken("a team with this id");
  users.set(user.id, user);
  insertTeam(tables, team, user.id);
}
