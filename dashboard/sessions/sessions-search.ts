/** Which sessions are listed, and what of one is looked at. As it stands in the address. */
import { one } from "../search-params.ts";

export interface SessionsSearch {
  readonly server_id?: string | undefined;
  readonly client_name?: string | undefined;
}

export function parseSessionsSearch(raw: Record<string, unknown>): SessionsSearch {
  const [server, client] = [one(raw.server_id), one(raw.client_name)];
  return {
    ...(server !== undefined && { server_id: server }),
    ...(client !== undefined && { client_name: client }),
  };
}

export interface SessionSearch {
  /** The call that is open beside the timeline. */
  readonly call?: string | undefined;
  /** What is zoomed to, milliseconds after the session's start. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export function parseSessionSearch(raw: Record<string, unknown>): SessionSearch {
  const call = one(raw.call);
  const [from, to] = [Number(one(raw.from) ?? Number.NaN), Number(one(raw.to) ?? Number.NaN)];
  return {
    ...(call !== undefined && { call }),
    ...(Number.isFinite(from) && Number.isFinite(to) && from < to && { from, to }),
  };
}
