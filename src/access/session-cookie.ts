/**
 * The cookie of the dashboard: where it may be set, what it is called, how it is read.
 *
 * Over https the name begins with `__Host-`, which browsers take only with `Secure`, without `Domain` and
 * from this very host. Plain http has no such protection, so there it works on this machine alone. RFC 6265bis, 4.1.3.
 */
import { Problem } from "../problem.ts";

const plainName = "hookwatch";
const secureName = `__Host-${plainName}`;

export interface CookieForm {
  readonly name: string;
  /** What follows `name=value`, but for `Max-Age`. */
  readonly attributes: string;
}

/** `part`: of another cookie of ours than the session. */
export function cookieForm(publicUrl: string, part = ""): CookieForm {
  const secure = publicUrl.startsWith("https:");
  return {
    name: (secure ? secureName : plainName) + part,
    attributes: `Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`,
  };
}

export function setCookie(
  { name, attributes }: CookieForm,
  value: string,
  maxAgeS: number,
): string {
  return `${name}=${value}; Max-Age=${maxAgeS}; ${attributes}`;
}

/**
 * The value of a cookie; undefined without one.
 *
 * @throws Problem `invalid_token` — it is there twice: some other page of this host's name may have set one of them.
 */
export function cookieValue(header: string | null, form: CookieForm): string | undefined {
  const values = cookieValues(header, form);
  if (values.length > 1) {
    throw new Problem("invalid_token", `the cookie ${form.name} is there more than once`);
  }
  return values[0];
}

/** All values of a cookie by its exact name. */
export function cookieValues(header: string | null, { name }: CookieForm): readonly string[] {
  return (header ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
}

/** @throws Problem `forbidden` — the page was not loaded over https, nor from this machine. */
export function demandSafeCookie(publicUrl: string, host: string | null): void {
  if (publicUrl.startsWith("https:") || isLoopback(host ?? "")) return;
  const message =
    "the dashboard can be signed in to over https, or from this machine; set HOOKWATCH_PUBLIC_URL to an https address";
  throw new Problem("forbidden", message);
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i.test(host);
}
