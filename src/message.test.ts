import { expect, test } from "vitest";
import { parseMessages } from "./message.ts";

const only = (text: string) => {
  const parsed = parseMessages(text);
  if (parsed.kind === "garbled") throw new Error(parsed.reason);
  return parsed.messages[0];
};

test.for([
  ["1", "1"],
  ['"1"', '"1"'],
  ["0", "0"],
  ['""', '""'],
  ["12345678901234567890", "12345678901234567890"],
  ["1.5", "1.5"],
])("a request's id keeps its exact text: %s", ([id, expected]) => {
  expect(only(`{"params":{"id":9e99},"id":${id},"method":"ping"}`)).toMatchObject({
    kind: "request",
    id: expected,
  });
});

test("a huge id is not confused with one deeper in the message", () => {
  const text = '{"id":98765432109876543210,"method":"m","params":{"id":12345678901234567890}}';
  expect(only(text)).toMatchObject({ id: "98765432109876543210" });
});

test("a message with a method and no id is a notification", () => {
  expect(only('{"jsonrpc":"2.0","method":"notifications/initialized"}')).toMatchObject({
    kind: "notification",
    method: "notifications/initialized",
  });
});

test("an error without an id is a response to nothing in particular", () => {
  const text = '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}';
  expect(only(text)).toMatchObject({ kind: "response", id: "", error: { code: -32700 } });
});

test("each member of a batch keeps the text it was sent with", () => {
  const members = ['{"id":1,"method":"a","params":{"s":"],[,{\\""}}', '{ "method" : "b" }'];
  const parsed = parseMessages(` [${members.join(" , ")} ] `);
  expect(parsed).toMatchObject({ kind: "messages", batch: true });
  expect(parsed.kind === "messages" && parsed.messages.map((message) => message.text)).toEqual(
    members,
  );
});

test.for(["", "{", "7", "null", "[]", "{}", "[7]", '{"id":1}', '[{"id":1,"method":"a"},{}]'])(
  "what is no JSON-RPC is garbled, not an error: %j",
  (text) => {
    expect(parseMessages(text).kind).toBe("garbled");
  },
);

test("an id that no number can hold is found among millions of values without reading them again", () => {
  const params = `[${"{},".repeat(300_000)}{}]`;
  expect(only(`{"id":1.50,"method":"x","params":${params}}`)).toMatchObject({ id: "1.50" });
});

test("text that would take many times its memory is garbled, whatever its form", () => {
  const parsed = parseMessages(`{"id":1.5,"method":"x","params":[${"{},".repeat(600_000)}{}]}`);
  expect(parsed).toEqual({ kind: "garbled", reason: "too many values to read" });
});

test("ten megabytes of text are one value", () => {
  const text = JSON.stringify({ id: 1, result: { text: "word ".repeat(2_000_000) } });
  expect(only(text)).toMatchObject({ kind: "response", id: "1" });
});
