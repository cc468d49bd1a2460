/** The chart as a table, for who cannot see it or wants the figures. */
import { useState } from "react";
import type { WireCallHistogram } from "../../src/api/wire.ts";
import { usePreferences } from "../preferences.ts";
import { countText, fullTime } from "../time.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Table } from "../ui/table.tsx";

export interface VolumeTableProps {
  readonly volume: WireCallHistogram;
  readonly onWindow: (fromMs: number, toMs: number) => void;
}

export function VolumeTable({ volume, onWindow }: VolumeTableProps) {
  const [open, setOpen] = useState(false);
  const { zone } = usePreferences();
  return (
    <>
      <button
        type="button"
        className="not-focus:sr-only focus:absolute focus:top-1 focus:left-4 focus:z-20 focus:rounded-md focus:bg-raised focus:px-2 focus:shadow-pop"
        onClick={() => setOpen(true)}
      >
        Show as a table
      </button>
      <Dialog open={open} onClose={() => setOpen(false)} title="Calls over time" wide>
        <Table
          label="Calls over time"
          rows={volume.series.filter(({ total_calls }) => total_calls > 0)}
          rowKey={({ start }) => start}
          columns={[
            {
              title: "From",
              cell: ({ start }) => (
                <button
                  type="button"
                  className="text-accent hover:underline"
                  onClick={() => {
                    setOpen(false);
                    onWindow(Date.parse(start), Date.parse(start) + volume.bucket_ms);
                  }}
                >
                  {fullTime(Date.parse(start), zone)}
                </button>
              ),
            },
            { title: "Calls", align: "right", cell: (one) => countText(one.total_calls) },
            { title: "Failed", align: "right", cell: (one) => countText(one.error_count) },
            { title: "Timed out", align: "right", cell: (one) => countText(one.timeout_count) },
          ]}
        />
      </Dialog>
    </>
  );
}
