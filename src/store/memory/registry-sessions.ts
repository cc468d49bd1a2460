/** Sessions and sign-in links of the registry in memory. */
import type { Session } from "../../session.ts";
import { taken } from "../refusals.ts";
import { type Sessions, type SignInLinks, sessionSecretsMax } from "../registry.ts";
import { newestFirst, type RegistryTables } from "./registry-tables.ts";

export function sessions(tables: RegistryTables): Sessions {
  const { sessions: present, sessionSecrets, signInLinks } = tables;
  const bySecret = (digest: string) => {
    const secret = sessionSecrets.get(digest);
    const session = secret && present.get(secret.sessionId);
    return session && { session, isPresent: secret.isPresent };
  };
  const put = (session: Session) => {
    present.set(session.id, session);
    return session;
  };
  const demandFree = (digest: string) => {
    if (sessionSecrets.has(digest)) throw taken("a session with this secret");
  };
  return {
    addSession: async (session, secretDigest) => {
      tables.demandTeam(session.teamId);
      tables.demandUser(session.userId);
      if (present.has(session.id)) throw taken("a session with this id");
      demandFree(secretDigest);
      put(session);
      sessionSecrets.set(secretDigest, { sessionId: session.id, isPresent: true });
    },

    findSession: async (id) => present.get(id),

    findSessionBySecret: async (secretDigest) => {
      const found = bySecret(secretDigest);
      return found?.isPresent ? found.session : undefined;
    },

    rotateSession: async (secretDigest, newSecretDigest, atMs) => {
      const found = bySecret(secretDigest);
      if (!found || found.session.expiresAtMs <= atMs) return undefined;
      const { session, isPresent } = found;
      const secrets = [...sessionSecrets.values()].filter((one) => one.sessionId === session.id);
      if (!isPresent || secrets.length >= sessionSecretsMax) {
        tables.endSession(session.id);
        return isPresent ? undefined : { kind: "reused", session };
      }
      demandFree(newSecretDigest);
      sessionSecrets.set(secretDigest, { sessionId: session.id, isPresent: false });
      sessionSecrets.set(newSecretDigest, { sessionId: session.id, isPresent: true });
      return { kind: "rotated", session: put({ ...session, lastUsedAtMs: atMs }) };
    },

    changeSession: async (id, changes) => {
      const before = present.get(id);
      if (!before) return undefined;
      if (changes.teamId !== undefined) tables.demandTeam(changes.teamId);
      return put({ ...before, ...changes });
    },

    sessions: async (userId) =>
      newestFirst([...present.values()].filter((session) => session.userId === userId)),

    endSession: async (id) => tables.endSession(id),

    pruneSessions: async (beforeMs) => {
      const ended = [...present.values()].filter(({ expiresAtMs }) => expiresAtMs < beforeMs);
      for (const { id } of ended) tables.endSession(id);
      const links = [...signInLinks].filter(([, { expiresAtMs }]) => expiresAtMs < beforeMs);
      for (const [digest] of links) signInLinks.delete(digest);
      return ended.length + links.length;
    },
  };
}

export function signInLinks(tables: RegistryTables): SignInLinks {
  const { signInLinks: present, users } = tables;
  return {
    addSignInLink: async (secretDigest, userId, expiresAtMs) => {
      tables.demandUser(userId);
      if (present.has(secretDigest)) throw taken("a sign-in link with this secret");
      present.set(secretDigest, { userId, expiresAtMs });
    },

    spendSignInLink: async (secretDigest, atMs) => {
      const link = present.get(secretDigest);
      if (!link || link.expiresAtMs <= atMs) return undefined;
      present.delete(secretDigest);
      return users.get(link.userId);
    },
  };
}
