/** A client cannot tell that we are there: every scenario, with and without us, by every official client. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientKinds, connect } from "./clients.ts";
import { startEverythingServer } from "./everything-server.ts";
import { observe } from "./observation.ts";
import { rigForFile } from "./rig.ts";
import { scenariosFor } from "./scenarios.ts";
import { Signals } from "./signals.ts";
import { startUpstream } from "./upstream.ts";
import { everythingWords, upstreamWords } from "./vocabulary.ts";

const rig = rigForFile();

const servers = [
  { name: "an SDK 2.x server", kinds: clientKinds, words: upstreamWords, start: startUpstream },
  {
    name: "an SDK 1.x server",
    // It knows no other era: a modern client would fail at the handshake, direct and proxied.
    kinds: ["v1", "v2 legacy"] as const,
    words: () => everythingWords,
    start: startEverythingServer,
  },
];

/** What one data plane is shown at length, several are shown by one client of one server: sessions, and every scenario. */
const isBrief = process.env.HOOKWATCH_TEST_DATA_PLANES !== undefined;

describe.for(servers.slice(0, isBrief ? 1 : 2))("$name", ({ kinds, words, start }) => {
  const signals = new Signals();
  const vocabulary = words(signals);
  const urls = { direct: "", proxied: "" };
  let server: AsyncDisposable | undefined;

  beforeAll(async () => {
    const started = await start(signals);
    server = started;
    urls.direct = started.url;
    urls.proxied = (await rig().register(started.url)).url;
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });

  describe.for(isBrief ? (["v2 legacy"] as const) : kinds)("a %s client", (kind) => {
    test.for(scenariosFor(kind, vocabulary))("%s", async ([, scenario]) => {
      const observed = (url: string) =>
        observe(scenario, {
          words: vocabulary,
          url,
          open: (at) => connect(kind, at, scenario.client),
        });
      const direct = await observed(urls.direct);
      expect(await observed(urls.proxied)).toEqual(direct);
    });
  });
});
