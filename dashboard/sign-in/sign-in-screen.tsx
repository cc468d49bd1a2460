/** The way in: by password, by a provider, by the link that the host printed, or with an API key. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import type { WireSignInMethods } from "../../src/api/wire-auth.ts";
import { call } from "../api.ts";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";
import { Entrance } from "./entrance.tsx";
import { SignInByLink } from "./sign-in-by-link.tsx";
import { KeyForm, PasswordForm } from "./sign-in-forms.tsx";
import { takeToken } from "./token-of-link.ts";

const route = getRouteApi("/sign-in");

/** By the words with which the host sends a browser back from a provider. */
const providerProblems: Readonly<Record<string, string>> = {
  no_account: "That account is not known here. Ask a team to invite its address.",
  account_exists: "There is an account with that address already. Sign in to it as before.",
  email_unverified: "The provider has not verified that address.",
  provider_unavailable: "The provider cannot be reached now. Try again in a moment.",
};

export function SignInScreen() {
  const { next = "/", problem } = route.useSearch();
  const [token] = useState(takeToken);
  const [byKey, setByKey] = useState(false);
  const { data: methods } = useQuery({
    queryKey: ["sign-in methods"],
    queryFn: ({ signal }) => call<WireSignInMethods>("/auth/methods", { signal }),
  });
  if (token !== undefined) return <SignInByLink token={token} next={next} />;
  return (
    <Entrance
      title="Sign in"
      foot={
        methods?.signup === "open" && (
          <>
            New here?{" "}
            <Link to="/register" className="font-medium text-accent hover:underline">
              Create an account
            </Link>
          </>
        )
      }
    >
      {problem !== undefined && (
        <Notice kind="error">
          {providerProblems[problem] ?? "The provider did not sign you in. Try again."}
        </Notice>
      )}
      {byKey ? <KeyForm next={next} /> : <PasswordForm next={next} />}
      <div className="flex flex-col gap-2 border-t pt-4">
        {methods?.oidc && (
          <a
            href={`/v1/auth/oidc/start?next=${encodeURIComponent(next)}`}
            className="inline-flex h-8 items-center justify-center rounded-md border border-line-strong font-medium hover:bg-hover"
          >
            Continue with single sign-on
          </a>
        )}
        <Button variant="quiet" icon={byKey ? "user" : "key"} onClick={() => setByKey(!byKey)}>
          {byKey ? "Sign in with a password" : "Use an API key"}
        </Button>
      </div>
      {!byKey && (
        <p className="text-sm text-muted">
          No password yet? The host prints a link that signs its owner in when it starts;{" "}
          <code className="font-mono">hookwatch sign-in-link</code> makes another.
        </p>
      )}
    </Entrance>
  );
}
