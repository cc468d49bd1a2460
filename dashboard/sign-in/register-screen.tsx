/** A new account: with a team of its own, or by an invitation into another. */
import { Link, useRouter } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { type Problem, toProblem } from "../problem.ts";
import { register } from "../session.ts";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { Notice } from "../ui/notice.tsx";
import { Entrance } from "./entrance.tsx";

export function RegisterScreen() {
  return (
    <Entrance
      title="Create an account"
      foot={
        <Link to="/sign-in" className="font-medium text-accent hover:underline">
          Sign in instead
        </Link>
      }
    >
      <RegistrationForm />
    </Entrance>
  );
}

export function RegistrationForm({ invitation }: { invitation?: string }) {
  const { history } = useRouter();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [teamName, setTeamName] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const run = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await register({
        email: email.trim(),
        password,
        ...(teamName.trim() !== "" && { team_name: teamName.trim() }),
        ...(invitation !== undefined && { invitation }),
      });
      history.push("/");
    } catch (cause) {
      setProblem(toProblem(cause));
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run();
  };
  const told = ["email", "password", "team_name"].some((field) => problem?.of(field));
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <TextField
        label="Email"
        type="email"
        autoComplete="username"
        value={email}
        error={problem?.of("email")}
        required
        onChange={(event) => setEmail(event.target.value)}
      />
      <TextField
        label="Password"
        type="password"
        autoComplete="new-password"
        hint="At least 12 characters."
        value={password}
        error={problem?.of("password")}
        required
        onChange={(event) => setPassword(event.target.value)}
      />
      {invitation === undefined && (
        <TextField
          label="Team"
          hint="Whose servers and calls these are. It can be renamed."
          value={teamName}
          error={problem?.of("team_name")}
          onChange={(event) => setTeamName(event.target.value)}
        />
      )}
      {problem && !told && <Notice kind="error">{problem.message}</Notice>}
      <Button variant="primary" type="submit" busy={busy}>
        Create account
      </Button>
    </form>
  );
}
