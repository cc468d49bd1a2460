/** The forms of the way in. After it whoever came from a page is led back to it. */
import { useRouter } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { toProblem } from "../problem.ts";
import { signIn, signInByKey } from "../session.ts";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { Notice } from "../ui/notice.tsx";

export function PasswordForm({ next }: { next: string }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const { busy, error, submit } = useEntry(next, () => signIn(email.trim(), password));
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <TextField
        label="Email"
        type="email"
        autoComplete="username"
        value={email}
        required
        onChange={(event) => setEmail(event.target.value)}
      />
      <TextField
        label="Password"
        type="password"
        autoComplete="current-password"
        value={password}
        required
        onChange={(event) => setPassword(event.target.value)}
      />
      {error !== undefined && <Notice kind="error">{error}</Notice>}
      <Button variant="primary" type="submit" busy={busy}>
        Sign in
      </Button>
    </form>
  );
}

export function KeyForm({ next }: { next: string }) {
  const [key, setKey] = useState("");
  const { busy, error, submit } = useEntry(next, () => signInByKey(key.trim()));
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <TextField
        label="API key"
        type="password"
        hint="Printed when the host started for the first time. Kept for this tab only."
        value={key}
        error={error}
        required
        onChange={(event) => setKey(event.target.value)}
      />
      <Button variant="primary" type="submit" busy={busy}>
        Sign in
      </Button>
    </form>
  );
}

function useEntry(next: string, enter: () => Promise<void>) {
  const { history } = useRouter();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const run = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await enter();
      history.push(next);
    } catch (cause) {
      setError(toProblem(cause).message);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run();
  };
  return { busy, error, submit };
}
