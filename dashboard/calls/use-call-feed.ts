/** The feed of a filter for as long as it is shown; another filter gets another feed. */
import { useEffect, useMemo, useState } from "react";
import { CallFeed } from "./call-feed.ts";
import { type CallFilter, filterKey, isOpen, toQuery } from "./call-filter.ts";
import { searchedWords } from "./call-row.ts";

/** @param turn another number asks for everything anew. */
export function useCallFeed(filter: CallFilter, live: boolean, turn: number): CallFeed | undefined {
  const key = filterKey(filter);
  const [feed, setFeed] = useState<CallFeed>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for the filter, which is made anew for every render
  const asked = useMemo(() => filter, [key]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: switching live changes the feed, it makes no other; `turn` makes another
  useEffect(() => {
    const made = new CallFeed(toQuery(asked, Date.now()), searchedWords(asked.q));
    setFeed(made);
    void made.start(live && isOpen(asked, Date.now()));
    return () => made.end();
  }, [asked, turn]);
  useEffect(() => feed?.setLive(live && isOpen(asked, Date.now())), [feed, live, asked]);
  return feed;
}
