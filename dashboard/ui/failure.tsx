/** A part of the page that could not be loaded: why, and once more. */
import { toProblem } from "../problem.ts";
import { Button } from "./button.tsx";
import { EmptyState } from "./empty-state.tsx";
import { SafeText } from "./safe-text.tsx";

export interface FailureProps {
  /** "The calls cannot be shown". */
  readonly title: string;
  readonly cause: unknown;
  readonly retry?: () => void;
}

export function Failure({ title, cause, retry }: FailureProps) {
  const { message, details } = toProblem(cause);
  return (
    <div role="alert">
      <EmptyState
        icon="alert"
        title={title}
        actions={retry && <Button onClick={retry}>Try again</Button>}
      >
        <SafeText>{message}</SafeText>
        {details.map(({ field, message: detail }) => (
          <p key={`${field} ${detail}`}>
            <code className="font-mono text-sm">{field}</code>: <SafeText>{detail}</SafeText>
          </p>
        ))}
      </EmptyState>
    </div>
  );
}
