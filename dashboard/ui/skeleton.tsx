/** Where something will be, while it is on its way. */
import { classNames } from "./class-names.ts";

export function Skeleton({ className }: { className?: string }) {
  return (
    <span
      aria-hidden="true"
      className={classNames("block h-3 animate-pulse rounded-sm bg-pressed", className)}
    />
  );
}

/** Lines of a list or a text. */
export function SkeletonLines({ lines = 6, label }: { lines?: number; label: string }) {
  return (
    <div role="status" className="flex flex-col gap-3 p-4">
      <span className="sr-only">{label}</span>
      {Array.from({ length: lines }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <Skeleton key={at} className={["w-5/6", "w-2/3", "w-3/4", "w-1/2"][at % 4] ?? ""} />
      ))}
    </div>
  );
}
