/**
 * `/v1/auth/oidc`: signing in with a provider. A browser is sent there, and comes back to be given the dashboard's cookie.
 *
 * Guarantees: it is sent on to paths of this origin alone. What goes wrong on the way back ends at the sign-in page, which
 * is told why in a word: `/sign-in?problem=no_account`.
 */
import { z } from "@hono/zod-openapi";
import type { Access } from "../access/access.ts";
import { type Provider, transactionMaxAgeS } from "../access/provider.ts";
import type { NoAccount } from "../access/provider-accounts.ts";
import { cookieForm, cookieValue, demandSafeCookie, setCookie } from "../access/session-cookie.ts";
import { invalid, Problem } from "../problem.ts";
import type { Log } from "../telemetry.ts";
import type { User } from "../user.ts";
import { answerRedirect } from "./answer.ts";
import { checked } from "./fields.ts";
import type { Operation } from "./operation.ts";
import { type Description, toRoute } from "./operation-route.ts";
import { readQuery, text } from "./query-fields.ts";
import { beginSession, sessionCookie } from "./session-answer.ts";

export interface OidcOptions {
  readonly access: Access;
  /** Where users reach the host. */
  readonly publicUrl: () => string;
  /** Where the operator is told why a provider signed nobody in. */
  readonly report: Log;
}

const tag = "Accounts";
const query = z.object({
  next: text()
    .transform(checked(parseNext))
    .optional()
    .describe("The path of the dashboard to go to, once signed in."),
});

export function oidc(options: OidcOptions) {
  return { start: start(options), callback: callback(options) };
}

function start({ access, publicUrl }: OidcOptions): Operation {
  const description: Description = {
    name: "startOidc",
    tag,
    summary: "Go to the provider to sign in",
    description:
      "For browsers: answers with a redirect, and a cookie that is good for ten minutes.",
    problems: ["resource_not_found", "forbidden"],
  };
  const shape = { needs: undefined, query, status: 302, content: {} };
  return {
    open: true,
    toRoute: (...place) => toRoute(description, shape, ...place),
    answer: async ({ url, headers }) => {
      const provider = demandProvider(access);
      const { next = "/" } = readQuery(query, url);
      demandSafeCookie(publicUrl(), headers.get("host"));
      const begun = await provider.begin(next);
      const answer = answerRedirect(begun.url);
      const kept = setCookie(transactionForm(publicUrl()), begun.transaction, transactionMaxAgeS);
      answer.headers.append("Set-Cookie", kept);
      return answer;
    },
  };
}

function callback(options: OidcOptions): Operation {
  const { access, publicUrl, report } = options;
  const description: Description = {
    name: "finishOidc",
    tag,
    summary: "Come back from the provider",
    description:
      "For browsers: sets the cookie of the dashboard and redirects to it, or to `/sign-in?problem=…` with one of " +
      "`provider_refused`, `provider_unavailable`, `email_unverified`, `no_account`, `account_exists`.",
    problems: ["resource_not_found"],
  };
  const shape = { needs: undefined, status: 302, content: {} };
  return {
    open: true,
    toRoute: (...place) => toRoute(description, shape, ...place),
    answer: async (request, { sourceIp }) => {
      const provider = demandProvider(access);
      const form = transactionForm(publicUrl());
      const outcome = await finish(provider, options, request, sourceIp).catch((error: unknown) => {
        if (!(error instanceof Problem)) throw error;
        report.warn({ err: error }, "a provider signed nobody in");
        return error.code === "unavailable" ? "provider_unavailable" : "provider_refused";
      });
      const location = typeof outcome === "string" ? `/sign-in?problem=${outcome}` : outcome.next;
      const answer = answerRedirect(location);
      answer.headers.append("Set-Cookie", setCookie(form, "", 0));
      if (typeof outcome !== "string") answer.headers.append("Set-Cookie", outcome.cookie);
      return answer;
    },
  };
}

async function finish(
  provider: Provider,
  { access, publicUrl }: OidcOptions,
  { url, headers }: Request,
  sourceIp: string,
): Promise<{ readonly next: string; readonly cookie: string } | NoAccount> {
  const kept = cookieValue(headers.get("cookie"), transactionForm(publicUrl()));
  const { identity, next } = await provider.finish(new URL(url).search, kept);
  const userId = await presentUser(access, headers, sourceIp);
  const user = await access.providerAccounts.accountOf(identity, userId, sourceIp);
  if (typeof user === "string") return user;
  return { next, cookie: await newCookie({ access, publicUrl }, user, headers, sourceIp) };
}

async function newCookie(
  options: Pick<OidcOptions, "access" | "publicUrl">,
  user: User,
  headers: Headers,
  sourceIp: string,
): Promise<string> {
  const beginning = { kind: "cookie", proof: "oidc", sourceIp } as const;
  const { session, secret } = await beginSession(options, user, beginning, headers);
  return sessionCookie(options.publicUrl(), session, secret);
}

/** Who is signed in in this browser already, if anybody. */
async function presentUser(
  access: Access,
  headers: Headers,
  sourceIp: string,
): Promise<string | undefined> {
  try {
    return (await access.authenticate({ method: "GET", headers, sourceIp })).userId;
  } catch (error) {
    if (error instanceof Problem && error.code !== "unavailable") return undefined;
    throw error;
  }
}

function demandProvider({ provider }: Access): Provider {
  if (provider) return provider;
  throw new Problem("resource_not_found", "no provider is set up to sign in with");
}

function transactionForm(publicUrl: string) {
  return cookieForm(publicUrl, "-oidc");
}

/** A path of our own: neither `//evil.example` nor `/\evil.example`, which browsers take for hosts. */
function parseNext(path: string): string {
  if (/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(path)) return path;
  throw invalid({ field: "next", message: 'must be a path of this host, such as "/calls"' });
}
