/** An invitation into a team: accepted by whoever is signed in, or with a new account. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { toProblem } from "../problem.ts";
import { acceptInvitation, sessionQuery } from "../session.ts";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { Spinner } from "../ui/spinner.tsx";
import { Entrance } from "./entrance.tsx";
import { RegistrationForm } from "./register-screen.tsx";
import { takeToken } from "./token-of-link.ts";

export function InvitationScreen() {
  const [token] = useState(takeToken);
  const { data: session, isPending } = useQuery({ ...sessionQuery, retry: false });
  if (token === undefined) {
    return (
      <Entrance title="No invitation">
        <p className="text-muted">
          The link is not whole: what makes it an invitation stands behind its “#”. Copy all of it.
        </p>
      </Entrance>
    );
  }
  if (isPending) {
    return (
      <Entrance title="You are invited">
        <Spinner />
      </Entrance>
    );
  }
  if (session) return <Acceptance token={token} email={session.user.email} />;
  return (
    <Entrance
      title="You are invited"
      foot={
        <>
          Have an account?{" "}
          <Link to="/sign-in" className="font-medium text-accent hover:underline">
            Sign in
          </Link>
          {", then open the link once more."}
        </>
      }
    >
      <p className="text-muted">
        Create an account with the address that was invited, and join the team.
      </p>
      <RegistrationForm invitation={token} />
    </Entrance>
  );
}

function Acceptance({ token, email }: { token: string; email: string }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const accept = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await acceptInvitation(token);
    } catch (cause) {
      setError(toProblem(cause).message);
      setBusy(false);
    }
  };
  return (
    <Entrance title="You are invited">
      <p className="text-muted">
        You are signed in as <SafeText className="font-medium text-text">{email}</SafeText>. An
        invitation is good for the address it was made for.
      </p>
      {error !== undefined && <Notice kind="error">{error}</Notice>}
      <Button variant="primary" busy={busy} onClick={() => void accept()}>
        Join the team
      </Button>
    </Entrance>
  );
}
