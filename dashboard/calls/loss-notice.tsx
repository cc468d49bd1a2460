/** That the list is not whole: how many calls of its time and servers could not be recorded, and where to read more. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { WireCallLosses } from "../../src/api/wire.ts";
import { call } from "../api.ts";
import { countText } from "../time.ts";
import { Notice } from "../ui/notice.tsx";
import { type CallFilter, toQuery } from "./call-filter.ts";

/** Of losses that are added up. */
const lossesMax = 1_000;

export function LossNotice({ filter, enabled }: { filter: CallFilter; enabled: boolean }) {
  const { server_id, range, from, to } = filter;
  const { data } = useQuery({
    queryKey: ["losses", server_id, range, from, to],
    queryFn: ({ signal }) => {
      const asked = toQuery(filter, Date.now());
      const query = { server_id, from: asked.from, to: asked.to, limit: lossesMax };
      return call<WireCallLosses>("/mcp/calls/losses", { query, signal });
    },
    enabled,
    staleTime: 30_000,
  });
  const missing = sum(data, "call");
  const bodiless = sum(data, "bodies");
  if (missing === 0 && bodiless === 0) return null;
  return (
    <Notice
      kind="warning"
      className="rounded-none border-b px-4"
      action={
        <Link
          to="/settings/$section"
          params={{ section: "log" }}
          className="shrink-0 font-medium underline"
        >
          What is missing
        </Link>
      }
    >
      {missing > 0 && `${countText(missing)} calls of this time could not be recorded. `}
      {bodiless > 0 && `${countText(bodiless)} were recorded without their bodies.`}
    </Notice>
  );
}

function sum(losses: WireCallLosses | undefined, kind: "call" | "bodies"): number {
  return (losses?.data ?? [])
    .filter((loss) => loss.kind === kind)
    .reduce((total, { count }) => total + count, 0);
}
