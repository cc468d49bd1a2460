/** The chart above the list, while it is on its way, and when it cannot be had. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { WireCallHistogram } from "../../src/api/wire.ts";
import { toProblem } from "../problem.ts";
import { Button } from "../ui/button.tsx";
import { Skeleton } from "../ui/skeleton.tsx";
import { type CallFilter, withWindow } from "./call-filter.ts";
import { VolumeChart } from "./volume-chart.tsx";

export interface VolumePaneProps {
  readonly filter: CallFilter;
  readonly volume: UseQueryResult<WireCallHistogram>;
  readonly onChange: (filter: CallFilter) => void;
}

export function VolumePane({ filter, volume, onChange }: VolumePaneProps) {
  const { data, error, isPlaceholderData, refetch } = volume;
  const zoomOut = ({ from, to }: WireCallHistogram) => {
    const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
    const half = (toMs - fromMs) / 2;
    onChange(withWindow(filter, fromMs - half, Math.min(toMs + half, Date.now())));
  };
  return (
    <div className="h-[5.5rem] shrink-0 border-b">
      {error && !data && (
        <div role="status" className="flex h-full items-center justify-center gap-3 text-muted">
          The volume cannot be shown: {toProblem(error).message}
          <Button size="sm" onClick={() => void refetch()}>
            Try again
          </Button>
        </div>
      )}
      {!error && !data && (
        <div className="flex h-[4.125rem] items-end px-4 pl-14">
          <Skeleton className="h-1 w-full" />
        </div>
      )}
      {data && (
        <VolumeChart
          volume={data}
          stale={isPlaceholderData}
          onWindow={(fromMs, toMs) => onChange(withWindow(filter, fromMs, toMs))}
          onZoomOut={() => zoomOut(data)}
        />
      )}
    </div>
  );
}
