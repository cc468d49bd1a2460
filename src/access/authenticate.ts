/**
 * Who is asking: finds the caller behind a request's credential.
 *
 * In: the two header fields that may carry a key; never a query parameter or a cookie. Out: the
 * caller, whose team is the only one the request may see. Text that cannot be a key is refused
 * before the registry is asked.
 */
import { Problem } from "../problem.ts";
import type { Registry } from "../store/registry.ts";
import type { Caller } from "../team.ts";
import { digestOf, isKey } from "./keys.ts";

/**
 * `isOwnKey`: true for a key known to exist, which may look like a mistyped one: operators choose theirs freely.
 *
 * @throws Problem `authentication_required` — neither field carries a credential of ours.
 * @throws Problem `invalid_token` — it is malformed or unknown.
 * @throws Problem `validation_error` — the two fields carry different keys.
 */
export async function authenticate(
  registry: Pick<Registry, "findKey">,
  authorization?: string,
  xApiKey?: string,
  isOwnKey: (text: string) => boolean = () => false,
): Promise<Caller> {
  const key = presentedKey(authorization, xApiKey);
  const known = isKey(key) || isOwnKey(key) ? await registry.findKey(digestOf(key)) : undefined;
  if (!known) throw new Problem("invalid_token", "the API key is not valid");
  return { userId: known.userId, teamId: known.teamId };
}

function presentedKey(authorization: string | undefined, xApiKey: string | undefined): string {
  // The word is matched in any case (RFC 9110 section 11.1). Another scheme is meant for someone
  // else, such as a gateway before us, and is no credential here.
  const bearer = /^bearer +(.*)$/i.exec(authorization ?? "")?.[1]?.trim();
  const header = xApiKey?.trim();
  if (bearer !== undefined && header !== undefined && bearer !== header) {
    // RFC 6750 section 3.1: more than one way of presenting a credential is an invalid request.
    const message = "Authorization and X-API-Key carry different keys, send one of them";
    const details = ["Authorization", "X-API-Key"].map((field) => ({ field, message }));
    throw new Problem("validation_error", message, { details });
  }
  const key = bearer ?? header;
  if (key) return key;
  const message = 'send an API key as "Authorization: Bearer <key>" or as "X-API-Key: <key>"';
  throw new Problem("authentication_required", message);
}
