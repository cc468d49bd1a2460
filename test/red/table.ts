/** Every break there is. */
import type { Break } from "./break.ts";
import { edges } from "./edges.ts";
import { people } from "./people.ts";
import { recording } from "./recording.ts";
import { shown } from "./shown.ts";
import { upstreams } from "./upstreams.ts";

export const table: readonly Break[] = [...upstreams, ...people, ...recording, ...edges, ...shown];
