/**
 * A link that signs in, once. No question first: links are made by who runs the host alone, and their secret never
 * reaches programs that look at links before people do.
 */
import { Link, useRouter } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { toProblem } from "../problem.ts";
import { signInByLink } from "../session.ts";
import { Notice } from "../ui/notice.tsx";
import { Spinner } from "../ui/spinner.tsx";
import { Entrance } from "./entrance.tsx";

export function SignInByLink({ token, next }: { token: string; next: string }) {
  const { history } = useRouter();
  const [error, setError] = useState<string>();
  const begun = useRef(false);
  useEffect(() => {
    // Good for one use: React may run this more than once.
    if (begun.current) return;
    begun.current = true;
    signInByLink(token).then(
      () => history.replace(next),
      (cause: unknown) => setError(toProblem(cause).message),
    );
  }, [token, next, history]);
  if (error === undefined) {
    return (
      <Entrance title="Signing in">
        <p role="status" className="flex items-center gap-2 text-muted">
          <Spinner /> One moment …
        </p>
      </Entrance>
    );
  }
  return (
    <Entrance title="This link signs nobody in">
      <Notice kind="error">{error}</Notice>
      <p className="text-muted">
        A link works once, within a day.{" "}
        <code className="font-mono text-sm">hookwatch sign-in-link</code> makes another, on the
        machine where the host runs.
      </p>
      <Link to="/sign-in" reloadDocument className="font-medium text-accent hover:underline">
        Other ways to sign in
      </Link>
    </Entrance>
  );
}
