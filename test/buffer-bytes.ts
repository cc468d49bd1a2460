/** How many bytes buffers of this thread take, pools included, once what nobody holds is gone. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export function bufferBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // The second one has given back what the first found.
  collect();
  collect();
  return process.memoryUsage().arrayBuffers;
}
