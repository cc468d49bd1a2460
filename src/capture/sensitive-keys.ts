/**
 * Which names promise a secret: `password`, `clientSecret`, `x-api-key`, but not `progressToken`,
 * `maxTokens`, `password_policy`.
 *
 * A name is read as one word, in lower case, without what separates its parts: what it ends with
 * decides, so that a name that only speaks about a secret (`tokenType`, `secretName`) is clear.
 * What names a person or an account without opening it is clear too: `iban`, `private_key_id`.
 * Bounds: answers for `namesMax` names are remembered.
 */
import { detach } from "./detach.ts";

const namesMax = 10_000;
const known = new Map<string, string>();

/** What kind of secret a value of that name is, "" for none. */
export function secretType(name: string): string {
  if (name.length < 3) return "";
  const answer = known.get(name);
  if (answer !== undefined) return answer;
  const type = stem.test(name) ? judge(name.toLowerCase().replace(/[^a-z0-9]/g, "")) : "";
  if (known.size >= namesMax) known.clear();
  known.set(detach(name), type);
  return type;
}

/** Every name of a secret has one of these in it. */
export const stem =
  /pass|pwd|secret|token|key|authorization|cookie|credential|session|requestState|jwt|otp|cvv|cvc|card|phrase|mnemonic|assertion|verifier|saml|bearer|code|pin$|kennwort|wachtwoord|contrasen|senha/i;

const endings: readonly (readonly [ending: RegExp, type: string])[] = [
  [
    /(?:password|passwd|passphrase|pwd)(?:confirmation|confirm|again|repeat|hash|value|old|new|\d+)?$/,
    "password",
  ],
  [/^(?:[a-z]*(?:user|db|sql|admin|root|smtp|redis|mail))?pass$/, "password"],
  [/(?:passwort|kennwort|wachtwoord|contrasena|motdepasse|^senha)$/, "password"],
  [/passcode$|^(?:mnemonic|seed|recovery)phrase$|^mnemonic$/, "password"],
  [/(?:secret|private|ssh)key$/, "private_key"],
  [/secret(?:accesskey|keybase|value|\d+)?$/, "secret"],
  [/(?:client|app|api|shared|user)secrets$|^secrets$/, "secret"],
  [
    /(?:api|access|signing|encryption|master|account|shared|auth|storage|subscription|functions|consumer|hmac|jwt|servicerole)key$/,
    "api_key",
  ],
  [/apikeys$/, "api_key"],
  [/tokens?(?:value|secret|hash|\d+)?$/, "token"],
  [/authorization$/, "authorization"],
  [/cookies?$/, "cookie"],
  [/credentials?$/, "credential"],
  [/^(?:[a-z]{0,12}bearer|jwt|[a-z]{1,12}jwt)$/, "token"],
  [
    /^[th]?otp$|(?:otp|mfa|2fa|verification|confirmation|activation|security|access|login|recovery|backup|onetime|device|authorization|auth)codes?$/,
    "code",
  ],
  [/codeverifier$|clientassertion$|^saml(?:response|assertion)$/, "credential"],
  [/^(?:card)?(?:cvv|cvc)2?$|^(?:card|creditcard|debitcard)(?:number|no|cvv|cvc|pin)$/, "card"],
  // Also of boards and maps; see `isPin`.
  [/^(?:user|account|bank|sim|login)?pin$/, "pin"],
  // Who knows it goes on with another's call (2026-07-28).
  [/^requeststate$/, "state"],
  // Only in queries: a legacy endpoint's session is a credential, other sessions are not.
  [/sessionid$/, "session"],
];

/** Tokens that are places in a list, pieces of a language or marks of a running call. */
const harmlessToken =
  /(?:progress|page|pagination|continuation|continue|next|prev|previous|sync|cursor|resume|resumption|cancel|cancellation|stop|start|begin|end|eos|bos|unk|pad|mask|sep|cls|special|first|last|per|price|cost|design|lexer|syntax)token$/;
/** Most lists and counts of tokens are a language model's. */
const secretTokens = /(?:access|refresh|auth|api|bearer|id|session|secret|push|device)tokens$/;

function judge(name: string): string {
  for (const [ending, type] of endings) {
    if (!ending.test(name)) continue;
    if (type !== "token") return type;
    if (harmlessToken.test(name)) return "";
    if (name.endsWith("tokens") && !secretTokens.test(name)) return "";
    return type;
  }
  return "";
}

/** Of the pins that text speaks of, those that are typed are of four to eight digits, as a string. */
export function isPin(value: string): boolean {
  return /^\d{4,8}$/.test(value);
}

/** Names that mean a secret in the query of an address, and much else elsewhere. */
export function parameterType(name: string, value: string): string {
  if (/^(?:sig|x-(?:amz|goog|ms)-signature)$/i.test(name)) return "signature";
  if (!/^(?:code|key|auth|assertion|signature|sharedaccesssignature)$/i.test(name)) return "";
  const head = value.slice(0, 256);
  return head.length >= 8 && /\d/.test(head) && /[A-Za-z]/.test(head) ? "credential" : "";
}

/** The session of MCP is a credential wherever it is quoted; other sessions are not. */
export function isMcpSession(name: string): boolean {
  return /^mcp-?session-?id$/i.test(name);
}

/** A name as its reader gets it: `p\u0061ssword`. Of a name inside a string of JSON the escapes are escaped. */
export function unescapedName(name: string): string {
  if (!name.includes("\\")) return name;
  return name
    .replace(/\\+/g, "\\")
    .replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
    .replaceAll("\\", "");
}
