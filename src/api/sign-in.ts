/** `/v1/auth`: the ways in. Open to everyone; each answers with a new session, or refuses alike whatever was wrong. */
import type { Access } from "../access/access.ts";
import type { Registry } from "../store/registry.ts";
import { parseTeamName } from "../team.ts";
import { checkNewPassword, parseEmail, passwordMaxLength } from "../user.ts";
import { checked } from "./fields.ts";
import { found, openOperation } from "./operation.ts";
import {
  answerNewSession,
  answerSession,
  askedKind,
  type SessionAnswerOptions,
} from "./session-answer.ts";
import {
  linkSchema,
  loginSchema,
  refreshSchema,
  registrationSchema,
  signedInSchema,
  signInMethodsSchema,
} from "./wire-auth.ts";

export interface SignInOptions extends SessionAnswerOptions {
  readonly access: Access;
  readonly registry: Pick<Registry, "findTeam" | "roleOf" | "findUser">;
}

const tag = "Accounts";
const howToAsk =
  "With `X-HookWatch-Session: cookie` the answer sets the cookie of the dashboard and carries no tokens.";
const email = loginSchema.shape.email.transform(checked(parseEmail));

export function signIn(options: SignInOptions) {
  const { registration } = options.access;
  return {
    methods: openOperation({
      name: "listSignInMethods",
      tag,
      summary: "How one can sign in here",
      result: signInMethodsSchema,
      run: async () => {
        const signup = registration.isOpen ? ("open" as const) : ("closed" as const);
        return { signup, oidc: options.access.provider !== undefined };
      },
    }),
    register: register(options),
    login: login(options),
    byLink: byLink(options),
    refresh: refresh(options),
  };
}

function register(options: SignInOptions) {
  const { shape } = registrationSchema;
  const password = shape.password.transform(checked(passedPassword));
  const teamName = shape.team_name.unwrap().transform(checked(parseTeamName)).optional();
  return openOperation({
    name: "register",
    tag,
    summary: "Register an account",
    description: `Makes a user with a team of their own, and signs in. ${howToAsk}`,
    body: registrationSchema
      .extend({ email, password, team_name: teamName })
      .openapi("Registration"),
    result: signedInSchema,
    created: true,
    problems: ["forbidden", "resource_exists"],
    run: async ({ body, ...around }) => {
      const kind = askedKind(around.head, options.publicUrl());
      const registrant = {
        email: body.email,
        password: body.password,
        teamName: body.team_name,
        invitation: body.invitation,
      };
      const { user, teamId } = await options.access.registration.register(
        registrant,
        around.sourceIp,
      );
      return answerNewSession(options, user, { kind, proof: "registration", teamId }, around);
    },
  });
}

function login(options: SignInOptions) {
  const { shape } = loginSchema;
  // What nobody can have as a password is not worth hashing.
  const password = shape.password.min(1).max(passwordMaxLength);
  return openOperation({
    name: "login",
    tag,
    summary: "Sign in with a password",
    description: `An unknown address and a wrong password are answered alike. ${howToAsk}`,
    body: loginSchema.extend({ email, password }).openapi("Login"),
    result: signedInSchema,
    problems: ["invalid_token", "forbidden"],
    run: async ({ body, ...around }) => {
      const kind = askedKind(around.head, options.publicUrl());
      const user = await options.access.signIn.byPassword(
        body.email,
        body.password,
        around.sourceIp,
      );
      return answerNewSession(options, user, { kind, proof: "password" }, around);
    },
  });
}

function byLink(options: SignInOptions) {
  return openOperation({
    name: "signInByLink",
    tag,
    summary: "Sign in with a link",
    description: `The link is printed at the first start, or by \`hookwatch sign-in-link\`. ${howToAsk}`,
    body: linkSchema.openapi("SignInLink"),
    result: signedInSchema,
    problems: ["invalid_token", "forbidden"],
    run: async ({ body, ...around }) => {
      const kind = askedKind(around.head, options.publicUrl());
      const user = await options.access.signIn.byLink(body.token);
      return answerNewSession(options, user, { kind, proof: "sign_in_link" }, around);
    },
  });
}

function refresh(options: SignInOptions) {
  return openOperation({
    name: "refresh",
    tag,
    summary: "Get the next access token",
    description:
      "The refresh token is good for one use; the next one is in the answer. One that comes twice has been " +
      "copied: its session ends.",
    body: refreshSchema.openapi("Refresh"),
    result: signedInSchema,
    problems: ["invalid_token", "forbidden"],
    run: async ({ body, sourceIp, answerHead }) => {
      const secured = await options.access.sessions.refresh(body.refresh_token, sourceIp);
      const user = found(await options.registry.findUser(secured.session.userId), "user");
      return answerSession(options, user, secured, answerHead);
    },
  });
}

function passedPassword(text: string): string {
  checkNewPassword(text);
  return text;
}
