/** What an error of a connection means for the client. */
import { type Failure, failures } from "./failure.ts";

const byCode: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: failures.refused,
  EHOSTUNREACH: failures.unroutable,
  ENETUNREACH: failures.unroutable,
  EADDRNOTAVAIL: failures.unroutable,
  EHOSTDOWN: failures.unroutable,
  ENOTFOUND: failures.unresolvable,
  EAI_AGAIN: failures.unresolvable,
  EAI_FAIL: failures.unresolvable,
  EAI_NODATA: failures.unresolvable,
  EAI_NONAME: failures.unresolvable,
  ETIMEDOUT: failures.connectTimeout,
  UND_ERR_CONNECT_TIMEOUT: failures.connectTimeout,
  ECONNRESET: failures.reset,
  EPIPE: failures.reset,
  // Node refuses to write such a field or reason.
  ERR_INVALID_CHAR: failures.malformed,
  ERR_HTTP_INVALID_HEADER_VALUE: failures.malformed,
  ERR_INVALID_HTTP_TOKEN: failures.malformed,
  HOOKWATCH_ADDRESS_FORBIDDEN: failures.addressForbidden,
  HOOKWATCH_OWN_ADDRESS: failures.ownAddress,
  HOOKWATCH_FOREIGN_CODING: failures.malformed,
  EPROTO: failures.tls,
  ERR_TLS_CERT_ALTNAME_INVALID: failures.certificate,
  CERT_HAS_EXPIRED: failures.certificate,
  CERT_NOT_YET_VALID: failures.certificate,
  CERT_REVOKED: failures.certificate,
  CERT_UNTRUSTED: failures.certificate,
  CERT_REJECTED: failures.certificate,
  CERT_SIGNATURE_FAILURE: failures.certificate,
  CERT_CHAIN_TOO_LONG: failures.certificate,
  DEPTH_ZERO_SELF_SIGNED_CERT: failures.certificate,
  SELF_SIGNED_CERT_IN_CHAIN: failures.certificate,
  UNABLE_TO_GET_ISSUER_CERT: failures.certificate,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: failures.certificate,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: failures.certificate,
  INVALID_CA: failures.certificate,
  INVALID_PURPOSE: failures.certificate,
  HOSTNAME_MISMATCH: failures.certificate,
};

/**
 * What an error of the dialling, or of the connection, means. `begun` tells that the head of the
 * answer had come.
 */
export function toFailure(error: Error & { code?: unknown }, begun: boolean): Failure {
  const { code } = error;
  if (typeof code !== "string") return failures.unavailable;
  if (code.startsWith("ERR_SSL_")) return failures.tls;
  const failure = byCode[code] ?? failures.unavailable;
  return begun && failure === failures.reset ? failures.cutShort : failure;
}
