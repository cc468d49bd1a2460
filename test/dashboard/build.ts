/** Before the first test in a browser: the dashboard as its sources are now. */
import { createRequire } from "node:module";

interface Builder {
  buildDashboard(
    prepare: () => Promise<void>,
    say: (message: string) => void,
  ): Promise<string | undefined>;
}

export async function setup(): Promise<void> {
  const { buildDashboard } = createRequire(import.meta.url)(
    "../../tools/build-dashboard.cjs",
  ) as Builder;
  const failure = await buildDashboard(async () => undefined, console.info);
  if (failure) throw new Error(failure);
}
