/** Whose calls are shown, and the way to another team of the user's. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { sessionQuery, switchTeam } from "../session.ts";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Menu } from "../ui/menu.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { toastProblem } from "../ui/toast.tsx";

export function TeamSwitcher() {
  const { data: session } = useQuery(sessionQuery);
  const navigate = useNavigate();
  if (!session) return null;
  const { team, teams, credential } = session;
  const name = (
    <SafeText className="min-w-0 truncate" maxLength={80}>
      {team.name}
    </SafeText>
  );
  // A key is bound to its team.
  if (credential.kind === "key") {
    return (
      <div className="flex h-8 items-center gap-2 px-2 text-muted">
        <Icon name="team" />
        {name}
      </div>
    );
  }
  const choose = (teamId: string) =>
    void switchTeam(teamId).catch((cause: unknown) =>
      toastProblem("The team is the same as before", cause),
    );
  return (
    <Menu
      trigger={
        <Button
          variant="quiet"
          icon="team"
          className="w-full min-w-0 justify-start px-2"
          aria-label="Team"
        >
          {name}
          <Icon name="chevronUpDown" className="ml-auto size-3.5" />
        </Button>
      }
      groups={[
        teams.map(({ id, name: each }) => ({
          label: <SafeText maxLength={80}>{each}</SafeText>,
          checked: id === team.id,
          run: () => choose(id),
        })),
        [
          {
            label: "Team settings",
            icon: "settings",
            run: () => void navigate({ to: "/settings/$section", params: { section: "team" } }),
          },
        ],
      ]}
    />
  );
}
