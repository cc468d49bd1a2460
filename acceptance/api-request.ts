/** One request to the API, and its answer as JSON. Bounds: waits 10 s. */
const requestMaxMs = 10_000;

/** Of one thing or of a list; of an error, too. */
export interface Body {
  readonly [field: string]: unknown;
  readonly data?: readonly Body[];
  readonly error?: { readonly code: string };
}

export interface Answered {
  readonly status: number;
  readonly body: Body;
}

export async function request(
  url: string,
  method: string,
  path: string,
  sent: {
    readonly token?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: object;
  },
): Promise<Answered> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(sent.token !== undefined && { authorization: `Bearer ${sent.token}` }),
      ...(sent.body && { "content-type": "application/json" }),
      ...sent.headers,
    },
    ...(sent.body && { body: JSON.stringify(sent.body) }),
    signal: AbortSignal.timeout(requestMaxMs),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
}
