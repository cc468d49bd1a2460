/** Entry of a data plane beside the main thread; see `Plane`. */
import { Plane } from "./plane.ts";
import type { PlaneStart, ToPlane } from "./plane-messages.ts";
import { serveMethods } from "./remote.ts";
import { openThreadPort } from "./thread-port.ts";

const { port, data, log } = openThreadPort<PlaneStart>();
const plane = new Plane(data, port, log);

serveMethods(port, {
  open: () => undefined,
  serve: () => plane.serve(),
  stats: () => plane.stats(),
  retire: () => plane.retire(),
  close: (graceMs: number) => plane.close(graceMs),
  finish: () => plane.finish(),
});

port.on("message", (message: ToPlane) => {
  plane.take(message);
  if (message.serve) void plane.serve();
});
