/** An address that leads nowhere. */
import { Link } from "@tanstack/react-router";
import { EmptyState } from "../ui/empty-state.tsx";

export function NotFound() {
  return (
    <EmptyState
      icon="help"
      title="There is no such page"
      actions={
        <Link to="/" className="font-medium text-accent hover:underline">
          Go to the calls
        </Link>
      }
    >
      The address may be mistyped, or what it led to has been deleted.
    </EmptyState>
  );
}
