/** The secret of a link, behind its `#`. */

/**
 * Takes it out of the address, so that it stays in no history and no screenshot; undefined where there is none.
 */
export function takeToken(): string | undefined {
  const token = new URLSearchParams(window.location.hash.slice(1)).get("token");
  if (token === null || token === "") return undefined;
  window.history.replaceState(
    window.history.state,
    "",
    window.location.pathname + window.location.search,
  );
  return token;
}
