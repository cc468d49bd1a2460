/**
 * Endpoints of legacy event streams (2024-11-05): where a stream tells its client to post to.
 *
 * The proxy gives the client `~endpoint.<base64url of the path>.<proof>` in place of the upstream's path and
 * leaves the query as it is. Read here alone, and trusted with nothing: who makes one up names a path.
 */

const sealedPath = /\/~endpoint\.([A-Za-z0-9_-]{1,32768})\.[A-Za-z0-9_-]{22}(?=[?#]|$)/;

/** What follows the slug as the upstream knows it: `/messages?id=7` of `/~endpoint.L21lc3NhZ2Vz.…?id=7`. */
export function openEndpoint(target: string): string {
  const sealed = sealedPath.exec(target);
  if (!sealed) return target;
  const path = Buffer.from(sealed[1] ?? "", "base64url").toString();
  return path + target.slice(sealed.index + sealed[0].length);
}

/**
 * The part of an endpoint that its client repeats whatever prefix it is posted to: the query, which
 * names the session in every known server, or else the path's last segment. Undefined when there is
 * neither. The same for the reference in the stream and for what a client makes of it.
 */
export function toStreamId(target: string): string | undefined {
  const url = URL.parse(openEndpoint(target.trim()), "http://upstream.invalid/");
  if (!url) return undefined;
  if (url.search.length > 1) return url.search.slice(1);
  return url.pathname.slice(url.pathname.lastIndexOf("/") + 1) || undefined;
}
