/**
 * The public API as another program sees it: names and types of product documentation, spelled out
 * here once more on purpose, so that a renamed field fails a test.
 */
export interface ServerRow {
  readonly id: string;
  readonly user_id: string;
  readonly team_id: string;
  readonly slug: string;
  readonly name: string;
  readonly target_url: string;
  readonly is_active: boolean;
  readonly created_at: string;
  readonly updated_at: string;
  readonly proxy_url: string;
}

export interface CallRow {
  readonly id: string;
  readonly parent_id: string | null;
  readonly logical_id: string;
  readonly replay_of: string | null;
  readonly mcp_server_id: string;
  readonly team_id: string;
  readonly kind: "request" | "notification" | "http";
  readonly direction: "client" | "server";
  readonly method: string;
  readonly tool_name: string;
  readonly rpc_id: string | null;
  readonly path: string;
  readonly request_body: string;
  readonly response_body: string;
  readonly status: "success" | "error" | "timeout";
  readonly result_type: "complete" | "input_required" | "task" | "";
  readonly status_code: number;
  readonly error_message: string;
  readonly error_kind: string;
  readonly error_code: number | null;
  readonly duration_ms: number;
  readonly ttfb_ms: number | null;
  readonly timings: TimingsRow | null;
  readonly source_ip: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly header_mismatches: readonly string[];
  readonly session_id: string | null;
  readonly protocol_version: string | null;
  readonly client_name: string | null;
  readonly client_version: string | null;
  readonly request_bytes: number;
  readonly response_bytes: number;
  readonly request_truncated: boolean;
  readonly response_truncated: boolean;
  readonly trace_id: string | null;
  readonly created_at: string;
}

export interface TimingsRow {
  readonly blocked_ms: number;
  readonly dns_ms: number | null;
  readonly connect_ms: number | null;
  readonly tls_ms: number | null;
  readonly send_ms: number | null;
  readonly wait_ms: number | null;
  readonly receive_ms: number | null;
  readonly overhead_ms: number;
}

export interface MessageRow {
  readonly at: string;
  readonly offset_ms: number;
  readonly direction: "client" | "server";
  readonly body: string;
}

export interface CallPageBody {
  readonly data: readonly CallRow[];
  readonly limit: number;
  readonly offset: number;
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}

export interface StatisticsBody {
  readonly total_calls: number;
  readonly success_count: number;
  readonly error_count: number;
  readonly timeout_count: number;
  readonly avg_duration_ms: number | null;
}

export interface MetricsBody extends StatisticsBody {
  readonly by_status: Readonly<Record<string, number>>;
  readonly by_tool: readonly (StatisticsBody & { readonly tool_name: string })[];
  readonly success_rate: number | null;
}

export type Filter = Readonly<Record<string, string | number>>;

export class Api {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  addServer(name: string, targetUrl: string): Promise<ServerRow> {
    return this.send("POST", "/v1/mcp/servers", { name, target_url: targetUrl });
  }

  changeServer(id: string, changes: object): Promise<ServerRow> {
    return this.send("PUT", `/v1/mcp/servers/${id}`, changes);
  }

  async removeServer(id: string): Promise<void> {
    await this.send("DELETE", `/v1/mcp/servers/${id}`);
  }

  page(filter: Filter = {}): Promise<CallPageBody> {
    return this.send("GET", `/v1/mcp/calls${query(filter)}`);
  }

  /** Newest first, as in the page. */
  async calls(filter: Filter = {}): Promise<readonly CallRow[]> {
    return (await this.page({ limit: 1_000, ...filter })).data;
  }

  call(id: string): Promise<CallRow> {
    return this.send("GET", `/v1/mcp/calls/${id}`);
  }

  async messages(id: string): Promise<readonly MessageRow[]> {
    const { data } = await this.send<{ data: readonly MessageRow[] }>(
      "GET",
      `/v1/mcp/calls/${id}/messages`,
    );
    return data;
  }

  async count(filter: Filter = {}): Promise<number> {
    return (await this.send<{ count: number }>("GET", `/v1/mcp/calls/count${query(filter)}`)).count;
  }

  metrics(filter: Filter = {}): Promise<MetricsBody> {
    return this.send("GET", `/v1/mcp/calls/metrics${query(filter)}`);
  }

  async removeCall(id: string): Promise<void> {
    await this.send("DELETE", `/v1/mcp/calls/${id}`);
  }

  /** The answer's status alone, for what must not be there. */
  async status(path: string): Promise<number> {
    const response = await this.#fetch("GET", path);
    await response.body?.cancel();
    return response.status;
  }

  async send<Body>(method: string, path: string, body?: object): Promise<Body> {
    const response = await this.#fetch(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as Body;
  }

  #fetch(method: string, path: string, body?: object): Promise<Response> {
    return fetch(`${this.#url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(body ? { "content-type": "application/json" } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  }
}

function query(filter: Filter): string {
  const pairs = Object.entries(filter).map(([name, value]): [string, string] => [name, `${value}`]);
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs)}`;
}
