/** What can be done with one call of the list: narrow the list to what it has, or leave that out. */
import { Menu as Base } from "@base-ui/react/menu";
import { useServersById } from "../servers/servers-query.ts";
import { copyText } from "../ui/copy-button.tsx";
import { Icon } from "../ui/icon.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { toast } from "../ui/toast.tsx";
import { type CallFilter, type Choice, choose, type ValueField } from "./call-filter.ts";
import type { CallRow } from "./call-row.ts";
import { nameOfField } from "./filter-terms.ts";

export interface RowMenuProps {
  readonly row: CallRow;
  readonly anchor: HTMLElement;
  readonly filter: CallFilter;
  readonly onChange: (filter: CallFilter) => void;
  readonly onClose: () => void;
}

export function RowMenu({ row, anchor, filter, onChange, onClose }: RowMenuProps) {
  const servers = useServersById();
  const values: readonly { field: ValueField; value: string; label: string }[] = [
    { field: "tool_name", value: row.tool_name, label: row.tool_name },
    { field: "method", value: row.method, label: row.method },
    {
      field: "server_id",
      value: row.mcp_server_id,
      label: servers.get(row.mcp_server_id)?.name ?? row.mcp_server_id,
    },
    { field: "client_name", value: row.client_name ?? "", label: row.client_name ?? "" },
    {
      field: "session_id",
      value: row.session_id ?? "",
      label: (row.session_id ?? "").slice(0, 12),
    },
    { field: "error_kind", value: row.error_kind, label: row.error_kind },
  ];
  const present = values.filter(({ value }) => value !== "");
  const item = (field: ValueField, value: string, label: string, choice: Choice) => (
    <Base.Item
      key={`${choice} ${field}`}
      className="flex h-7 items-center gap-2 rounded-md px-2 outline-none select-none data-[highlighted]:bg-hover"
      onClick={() => onChange(choose(filter, field, value, choice))}
    >
      <Icon name={choice === "exclude" ? "exclude" : "filter"} className="text-muted" />
      <span className="min-w-0 truncate">
        <span className="text-muted">
          {choice === "exclude" ? "Without" : "Only"} {nameOfField(field)}
        </span>{" "}
        <SafeText maxLength={60}>{label}</SafeText>
      </span>
    </Base.Item>
  );
  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Positioner anchor={anchor} align="end" sideOffset={4} className="z-50">
          <Base.Popup className="max-h-[var(--available-height)] w-72 overflow-y-auto rounded-lg bg-raised p-1 shadow-pop outline-none">
            {present.map(({ field, value, label }) => item(field, value, label, "only"))}
            <Base.Separator className="-mx-1 my-1 h-px bg-line" />
            {present.map(({ field, value, label }) => item(field, value, label, "exclude"))}
            <Base.Separator className="-mx-1 my-1 h-px bg-line" />
            <Base.Item
              className="flex h-7 items-center gap-2 rounded-md px-2 outline-none select-none data-[highlighted]:bg-hover"
              onClick={() =>
                void copyText(`${window.location.origin}/calls/${row.id}`).then(() =>
                  toast("Link copied"),
                )
              }
            >
              <Icon name="link" className="text-muted" /> Copy link to this call
            </Base.Item>
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
