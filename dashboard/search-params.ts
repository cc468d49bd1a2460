/**
 * How filters are written into the address: plain, repeated fields (`?status=error&tool_name=a&tool_name=b`),
 * the same names as in the API, so that an address can be read and typed.
 */

/** As it stands in the address; every route makes of it what it knows (`validateSearch`). */
export type RawSearch = Readonly<Record<string, string | readonly string[]>>;

export function parseSearch(text: string): RawSearch {
  // Names come from whoever made the address: `__proto__` is one like any other.
  const fields: Record<string, string | string[]> = Object.create(null);
  const query = new URLSearchParams(text);
  for (const name of new Set(query.keys())) {
    const values = query.getAll(name);
    fields[name] = values.length === 1 ? (values[0] ?? "") : values;
  }
  return { ...fields };
}

export function stringifySearch(search: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value === undefined || value === null) continue;
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, String(one));
  }
  // Colons and commas may stand in a query as they are (RFC 3986, 3.4), and times read better so.
  const text = query.toString().replaceAll("%3A", ":").replaceAll("%2C", ",");
  return text === "" ? "" : `?${text}`;
}

/** The first value of a field. */
export function one(raw: unknown): string | undefined {
  const value = Array.isArray(raw) ? raw[0] : raw;
  return value === undefined || value === null ? undefined : String(value);
}

/** All values of a field; undefined for none, so that it stays out of the address. At most 100. */
export function many(raw: unknown): readonly string[] | undefined {
  if (raw === undefined || raw === null) return undefined;
  const values = (Array.isArray(raw) ? raw : [raw]).map(String);
  return values.length === 0 ? undefined : [...new Set(values)].slice(0, 100);
}

/** The value, if it is one of a closed list. */
export function oneOf<Value extends string>(
  raw: unknown,
  allowed: readonly Value[],
): Value | undefined {
  const value = one(raw);
  return allowed.find((each) => each === value);
}
