/** What is sent through a server's proxy URL by us has to arrive, and to be found in the log. */
import { invalid } from "../problem.ts";
import type { Server } from "../server.ts";

/** @throws Problem `validation_error` — no call through it passes, or none is recorded. */
export function demandRecorded({ isActive, captureLevel }: Server): void {
  if (!isActive) {
    const message = "is of a server that is not active; activate it first";
    throw invalid({ field: "id", message });
  }
  if (captureLevel === "off") {
    const message = 'is of a server whose capture_level is "off": its calls are not recorded';
    throw invalid({ field: "id", message });
  }
}
