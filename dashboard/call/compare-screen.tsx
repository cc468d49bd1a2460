/** Two calls side by side: the facts in which they differ, then their bodies, line by line. */
import { useQueries } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { WireCall } from "../../src/api/wire.ts";
import { byteSize, duration } from "../time.ts";
import { StatusBadge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { Failure } from "../ui/failure.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { SkeletonLines } from "../ui/skeleton.tsx";
import { TimeText } from "../ui/time-text.tsx";
import { toastProblem } from "../ui/toast.tsx";
import { callQuery } from "./call-query.ts";
import { ChooseOther } from "./choose-other.tsx";
import { formatJson } from "./json-format.ts";
import { linked } from "./overview.tsx";
import { Part } from "./result-view.tsx";

const route = getRouteApi("/shell/compare");
/** Below it two texts stand in one column. */
const wide = "(min-width: 64rem)";

export function CompareScreen() {
  const { a = "", b = "" } = route.useSearch();
  const navigate = useNavigate();
  const [first, second] = useQueries({
    queries: [a, b].map((id) => ({ ...callQuery(id), enabled: id !== "" })),
  });
  const error = first?.error ?? second?.error;
  const [before, after] = [first?.data, second?.data];
  const swap = () => void navigate({ to: "/compare", search: { a: b, b: a }, replace: true });
  return (
    <>
      <PageHeader
        title="Compare calls"
        actions={
          <Button size="sm" icon="replay" disabled={!before || !after} onClick={swap}>
            Swap
          </Button>
        }
      />
      <div className="min-h-0 flex-1 overflow-y-auto">
        {a === "" && (
          <EmptyState icon="columns" title="Two calls are needed">
            Open a call and choose “Compare with another one” from its menu.
          </EmptyState>
        )}
        {b === "" && before && <ChooseOther call={before} />}
        {error && <Failure title="The calls cannot be compared" cause={error} />}
        {a !== "" && !error && !(before && (after || b === "")) && (
          <SkeletonLines label="Loading the calls" />
        )}
        {before && after && (
          <div className="flex flex-col gap-5 p-4">
            <Facts before={before} after={after} />
            <Difference title="Request" before={before.request_body} after={after.request_body} />
            <Difference
              title="Response"
              before={before.response_body}
              after={after.response_body}
            />
          </div>
        )}
      </div>
    </>
  );
}

function Facts({ before, after }: { before: WireCall; after: WireCall }) {
  const rows: readonly FactRow[] = [
    ["Call", (call) => <CallName call={call} />],
    ["Started", ({ created_at }) => <TimeText at={created_at} form="full" />],
    ["Status", ({ status }) => <StatusBadge status={status} />],
    ["Duration", ({ duration_ms }) => duration(duration_ms)],
    ["Client", ({ client_name }) => <SafeText maxLength={100}>{client_name}</SafeText>],
    ["Received", ({ response_bytes }) => byteSize(response_bytes)],
    ...(before.error_message || after.error_message ? [errorRow] : []),
  ];
  return (
    <table
      className="w-full table-fixed border-collapse text-left"
      aria-label="Facts of both calls"
    >
      <thead>
        <tr className="border-b text-sm text-muted">
          <th scope="col" className="w-20 py-1 font-medium">
            <span className="sr-only">Fact</span>
          </th>
          <th scope="col" className="py-1 font-medium">
            Before
          </th>
          <th scope="col" className="py-1 font-medium">
            After
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, cell]) => (
          <tr key={name} className="border-b align-top last:border-0">
            <th scope="row" className="py-1.5 pr-2 font-normal text-muted">
              {name}
            </th>
            <td className="py-1.5 pr-3 break-words">{cell(before)}</td>
            <td className="py-1.5 break-words">{cell(after)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type FactRow = readonly [string, (call: WireCall) => ReactNode];

const errorRow: FactRow = [
  "Error",
  ({ error_message }) => (
    <SafeText maxLength={300} empty="–">
      {error_message}
    </SafeText>
  ),
];

function CallName({ call }: { call: WireCall }) {
  return (
    <Link to="/calls/$callId" params={{ callId: call.id }} className={linked}>
      <SafeText maxLength={100}>{call.tool_name === "" ? call.method : call.tool_name}</SafeText>
    </Link>
  );
}

interface DifferenceProps {
  readonly title: string;
  readonly before: string | null;
  readonly after: string | null;
}

function Difference({ title, before, after }: DifferenceProps) {
  const place = useRef<HTMLDivElement>(null);
  const [unified] = useState(() => !window.matchMedia(wide).matches);
  const [left, right] = [laidOut(before), laidOut(after)];
  const same = left === right;
  useEffect(() => {
    if (same) return;
    let opened: Disposable | undefined;
    let gone = false;
    import("./code-diff.ts")
      .then(({ openDiff }) => {
        if (gone || !place.current) return;
        opened = openDiff(place.current, { label: title, before: left, after: right, unified });
      })
      .catch((cause: unknown) => toastProblem("The comparison could not be loaded", cause));
    return () => {
      gone = true;
      opened?.[Symbol.dispose]();
    };
  }, [left, right, same, title, unified]);
  return (
    <Part title={title}>
      {same ? (
        <p className="text-muted">{left === "" ? "Both have none." : "The same in both."}</p>
      ) : (
        <div
          ref={place}
          className="max-h-[60vh] min-h-24 overflow-auto rounded-md border bg-surface"
        />
      )}
    </Part>
  );
}

function laidOut(text: string | null): string {
  return text === null ? "" : (formatJson(text) ?? text);
}
