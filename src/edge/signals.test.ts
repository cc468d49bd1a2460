import { expect, test } from "vitest";
import { Signals } from "./signals.ts";

test("listeners are called in order, those of one time once, and none that has gone", () => {
  const signals = new Signals<"data" | "end">();
  const heard: string[] = [];
  const gone = () => heard.push("gone");
  signals.once("data", () => heard.push("first"));
  signals.on("data", gone);
  signals.on("end", () => heard.push("end"));
  signals.on("data", (chunk: Buffer) => heard.push(`second ${chunk}`));
  signals.off("data", gone);
  signals.off("end", gone);
  signals.emit("data", Buffer.from("a"));
  signals.emit("data", Buffer.from("b"));
  signals.emit("end");
  expect(heard).toEqual(["first", "second a", "second b", "end"]);
});

test("listeners that go or come while one is called are left out or wait for their own event", () => {
  const signals = new Signals<"data" | "end">();
  const heard: string[] = [];
  const second = () => heard.push("second");
  signals.once("data", () => {
    signals.off("data", second);
    signals.once("end", () => heard.push("end"));
    signals.emit("end");
  });
  signals.on("data", second);
  signals.on("data", () => heard.push("third"));
  signals.emit("data");
  signals.emit("data");
  expect(heard).toEqual(["end", "third", "third"]);
});
