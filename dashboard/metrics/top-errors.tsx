/** What goes wrong most, by what the messages have in common. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { CallFilter } from "../calls/call-filter.ts";
import { countText } from "../time.ts";
import { Badge } from "../ui/badge.tsx";
import { Card } from "../ui/card.tsx";
import { Failure } from "../ui/failure.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { SkeletonLines } from "../ui/skeleton.tsx";
import { TimeText } from "../ui/time-text.tsx";
import type { ErrorGroup } from "./error-groups.ts";
import { errorsRead, topErrorsQuery } from "./metrics-query.ts";
import type { MetricsSearch } from "./metrics-search.ts";

export function TopErrors({ search, filter }: { search: MetricsSearch; filter: CallFilter }) {
  const { data, error, refetch } = useQuery(topErrorsQuery(search));
  return (
    <Card
      title="Top errors"
      flush
      {...(data?.more && { description: `Of the newest ${countText(errorsRead)} failed calls` })}
    >
      {error && (
        <Failure title="The errors cannot be shown" cause={error} retry={() => void refetch()} />
      )}
      {!error && !data && <SkeletonLines lines={3} label="Loading errors" />}
      {data?.groups.length === 0 && <p className="p-4 text-muted">Nothing failed in this span.</p>}
      {data !== undefined && data.groups.length > 0 && (
        <ul className="divide-y" aria-label="Top errors">
          {data.groups.map((group) => (
            <GroupRow key={group.pattern} group={group} filter={filter} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function GroupRow({ group, filter }: { group: ErrorGroup; filter: CallFilter }) {
  const { pattern, count, newest, names, words } = group;
  return (
    <li className="grid grid-cols-[3.5rem_minmax(0,1fr)_auto] items-center gap-x-3 gap-y-0.5 px-4 py-2 hover:bg-hover">
      <Link
        to="/calls"
        search={listOf(group, filter)}
        aria-label={`${countText(count)} calls`}
        className="text-right text-lg font-semibold text-error hover:underline"
      >
        {countText(count)}
      </Link>
      <span className="min-w-0">
        <Link to="/calls" search={listOf(group, filter)} className="block truncate hover:underline">
          <SafeText maxLength={240}>{pattern || words}</SafeText>
        </Link>
        <span className="flex flex-wrap gap-1">
          {names.map((name) => (
            <Badge key={name}>
              <SafeText maxLength={60}>{name}</SafeText>
            </Badge>
          ))}
        </span>
      </span>
      <Link
        to="/calls/$callId"
        params={{ callId: newest.id }}
        className="text-sm whitespace-nowrap text-accent hover:underline"
      >
        <span className="hidden sm:inline">newest </span>
        <TimeText at={newest.created_at} />
      </Link>
    </li>
  );
}

function listOf({ newest, words }: ErrorGroup, filter: CallFilter): CallFilter {
  const { error_kind: kind } = newest;
  return {
    ...filter,
    status: [newest.status],
    ...(kind !== "" && { error_kind: [kind] }),
    ...(words.length >= 3 && { q: `"${words.replaceAll('"', "")}"` }),
  };
}
