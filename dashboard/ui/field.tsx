/** A labelled input with its hint and what is wrong with it, tied together for screen readers. */
import {
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type TextareaHTMLAttributes,
  useId,
} from "react";
import { classNames } from "./class-names.ts";

const box =
  "w-full rounded-md border border-line-strong bg-surface px-2.5 text-base disabled:opacity-60 aria-invalid:border-error focus-visible:outline-offset-0 focus-visible:border-accent";

export interface InputProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly ref?: Ref<HTMLInputElement>;
}

/** Without a label of its own: give it `aria-label`, or use `TextField`. */
export function Input({ className, ...rest }: InputProps) {
  return (
    <input
      autoComplete="off"
      spellCheck={false}
      {...rest}
      className={classNames(box, "h-8 min-w-0", className)}
    />
  );
}

interface Labelled {
  readonly label: string;
  readonly hint?: ReactNode;
  /** What is wrong with what was entered; `problem.of("target_url")`. */
  readonly error?: string | undefined;
}

export function TextField({ label, hint, error, ...rest }: Labelled & InputProps) {
  return (
    <FieldFrame label={label} hint={hint} error={error}>
      {(tied) => <Input {...rest} {...tied} />}
    </FieldFrame>
  );
}

export function TextArea({
  label,
  hint,
  error,
  className,
  ...rest
}: Labelled & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return (
    <FieldFrame label={label} hint={hint} error={error}>
      {(tied) => (
        <textarea
          spellCheck={false}
          rows={4}
          {...rest}
          {...tied}
          className={classNames(box, "py-1.5", className)}
        />
      )}
    </FieldFrame>
  );
}

interface Tied {
  readonly id: string;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": boolean;
}

/** For inputs of another kind, such as a `Select`. */
export function FieldFrame({
  label,
  hint,
  error,
  children,
}: Labelled & { children: (tied: Tied) => ReactNode }) {
  const id = useId();
  const noteId = `${id}-note`;
  const note = error ?? hint;
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {children({
        id,
        "aria-describedby": note === undefined ? undefined : noteId,
        "aria-invalid": error !== undefined,
      })}
      {note !== undefined && (
        <p
          id={noteId}
          className={classNames("text-sm", error === undefined ? "text-muted" : "text-error")}
          {...(error !== undefined && { role: "alert" })}
        >
          {note}
        </p>
      )}
    </div>
  );
}
