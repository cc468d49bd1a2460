/** Who may be called and who is believed, as the settings say it and the stages take it. */
import { Destinations } from "../proxy/destinations.ts";
import { type Egress, egressRule } from "../proxy/egress.ts";
import { Ranges } from "../proxy/ranges.ts";
import type { Config } from "./config.ts";

export interface Network {
  readonly egress: Egress;
  readonly trustedProxies: Ranges;
}

export function networkOf(
  config: Pick<Config, "egress" | "egressAllow" | "egressDeny" | "egressHttp" | "trustedProxies">,
): Network {
  const egress = egressRule({
    mode: config.egress,
    allow: new Destinations(config.egressAllow),
    deny: new Destinations(config.egressDeny),
    plainHttp: config.egressHttp === "1",
  });
  return { egress, trustedProxies: new Ranges(config.trustedProxies) };
}
