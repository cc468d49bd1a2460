import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Arrivals } from "./arrivals.ts";

test("a request whose body has come is held no longer, without a look at all of them", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const arrivals = new Arrivals({ bytesPerSecondMin: 1_024, spanMs: 1_000 });
  const begin = (): IncomingMessage => {
    const request = new IncomingMessage(new Socket());
    request.headers["content-length"] = "5";
    arrivals.add(request, new ServerResponse(request));
    return request;
  };
  const end = (request: IncomingMessage) => {
    request.emit("close");
    return new WeakRef(request);
  };
  const ended = end(begin());
  await sleep(1);
  collect();
  expect(ended.deref()).toBeUndefined();
});
