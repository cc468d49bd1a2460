/** What is measured: the span of days, and what the calls have in common. As it stands in the address. */
import { one, oneOf } from "../search-params.ts";

/** Days up to now. */
export const spans = { "1d": 1, "3d": 3, "7d": 7, "30d": 30, "90d": 90 } as const;
export type SpanName = keyof typeof spans;
export const spanNames = Object.keys(spans) as SpanName[];

export interface MetricsSearch {
  readonly span?: SpanName | undefined;
  readonly server_id?: string | undefined;
  readonly tool_name?: string | undefined;
  readonly method?: string | undefined;
}

export function parseMetricsSearch(raw: Record<string, unknown>): MetricsSearch {
  const span = oneOf(raw.span, spanNames);
  const [server, tool, method] = [one(raw.server_id), one(raw.tool_name), one(raw.method)];
  return {
    ...(span !== undefined && { span }),
    ...(server !== undefined && { server_id: server }),
    ...(tool !== undefined && { tool_name: tool }),
    ...(method !== undefined && { method }),
  };
}
