import { expect, test } from "vitest";
import { toFailure } from "./diagnosis.ts";
import { echoedId, failures } from "./failure.ts";
import { toAnswer } from "./failure-answer.ts";

test.for(Object.entries(failures))(
  "trouble of the upstream is never a 4xx, ours never hides an address: %s",
  ([, failure]) => {
    if (failure.outcome !== "refused") expect(failure.statusCode).toBeGreaterThanOrEqual(500);
    expect(failure.message).toMatch(/^[a-z][^.\n]*$/);
    expect(failure.proxyError).toMatch(/^[a-z_]+$/);
  },
);

test.for([
  ['{"jsonrpc":"2.0","id":1,"method":"m"}', "1"],
  ['{"jsonrpc":"2.0","id":"a\\"b","method":"m"}', '"a\\"b"'],
  ['{"jsonrpc":"2.0","id":12345678901234567890,"method":"m"}', "12345678901234567890"],
  ['{"jsonrpc":"2.0","method":"m"}', "null"],
  ['[{"jsonrpc":"2.0","id":1,"method":"m"}]', "null"],
  ['{"jsonrpc":"2.0","id":1,"result":{}}', "null"],
  ['{"jsonrpc":"2.0","id":1,"met', "null"],
  ["", "null"],
] as const)("the id of a single request is echoed as it was written: %s", ([body, id]) => {
  expect(echoedId(Buffer.from(body))).toBe(id);
});

test("an answer can be read by a page only if the request came from one", () => {
  const plain = toAnswer(failures.refused, "1", undefined);
  expect(plain.rawHeaders.join()).not.toMatch(/Access-Control/);
  const page = toAnswer(failures.refused, "1", "http://localhost:6274").rawHeaders;
  expect(page[page.indexOf("Access-Control-Allow-Origin") + 1]).toBe("http://localhost:6274");
  expect(JSON.parse(plain.body.toString())).toEqual({
    jsonrpc: "2.0",
    id: 1,
    error: {
      code: -32_603,
      message: "the upstream server refused the connection",
      data: { source: "hookwatch", reason: "connection_refused" },
    },
  });
});

test.for([
  ["ECONNREFUSED", "connection_refused", 502],
  ["EHOSTUNREACH", "unroutable", 502],
  ["ENOTFOUND", "dns_error", 502],
  ["EAI_AGAIN", "dns_error", 502],
  ["UND_ERR_CONNECT_TIMEOUT", "connect_timeout", 504],
  ["ETIMEDOUT", "connect_timeout", 504],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "certificate_error", 502],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "certificate_error", 502],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "tls_error", 502],
  ["EPROTO", "tls_error", 502],
  ["HOOKWATCH_ADDRESS_FORBIDDEN", "address_forbidden", 502],
  ["HOOKWATCH_OWN_ADDRESS", "loop", 508],
  ["E_SOMETHING_NEW", "unavailable", 502],
] as const)("%s means %s, a %d", ([code, reason, statusCode]) => {
  expect(toFailure(Object.assign(new Error("x"), { code }), false)).toMatchObject({
    reason,
    statusCode,
  });
});
