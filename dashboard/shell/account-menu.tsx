/** Who is signed in, and the way out. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { sessionQuery, signOut } from "../session.ts";
import { Button } from "../ui/button.tsx";
import { Menu } from "../ui/menu.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { toastProblem } from "../ui/toast.tsx";

export function AccountMenu() {
  const { data: session } = useQuery(sessionQuery);
  const navigate = useNavigate();
  const leave = () =>
    void signOut()
      .then(() => navigate({ to: "/sign-in", search: {} }))
      .catch((cause: unknown) => toastProblem("You are still signed in", cause));
  return (
    <Menu
      side="top"
      trigger={
        <Button variant="quiet" icon="user" className="min-w-0 px-2" aria-label="Account">
          <span className="sr-only">Account</span>
        </Button>
      }
      heading={
        <>
          <SafeText maxLength={120}>{session?.user.email}</SafeText>
          {session?.credential.kind === "key" && <p>by API key</p>}
        </>
      }
      groups={[
        [
          {
            label: "Account",
            icon: "settings",
            run: () => void navigate({ to: "/settings/$section", params: { section: "account" } }),
          },
          {
            label: "API reference",
            icon: "external",
            run: () => window.open("/docs", "_blank", "noopener"),
          },
        ],
        [{ label: "Sign out", icon: "arrowRight", run: leave }],
      ]}
    />
  );
}
