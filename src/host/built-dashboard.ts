/** Where tools/build-dashboard.cjs puts the dashboard, and why it is not there when it is not. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { DashboardOptions } from "../edge/dashboard.ts";

const dist = resolve(import.meta.dirname, "../../dist");
const neverBuilt = "The dashboard has not been built here; `npm start` builds it.";

export function builtDashboard(): DashboardOptions {
  return { folder: join(dist, "dashboard"), missing: lastFailure() ?? neverBuilt };
}

/** What the last build said when it failed; it leaves the file, and the next that succeeds removes it. */
function lastFailure(): string | undefined {
  try {
    return readFileSync(join(dist, "dashboard-failure.txt"), "utf8").trim();
  } catch {
    return undefined;
  }
}
