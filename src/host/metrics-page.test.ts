import { expect, test } from "vitest";
import { MetricsPage } from "./metrics-page.ts";

test("spans are a histogram of seconds, each bucket with all below it", async () => {
  const value = { untilMs: [0.05, 1, 1_000], counts: [1, 2, 0, 4], sumMs: 12_345.5 };
  const page = new MetricsPage(async () => [
    { name: "a_seconds", help: "How long.", kind: "histogram", value },
    { name: "b_total", help: "How many.", kind: "counter", value: 7 },
    { name: "c", help: "Of each.", kind: "gauge", value: { label: "k", values: { x: 1, y: 2 } } },
  ]);
  const text = await page.render();
  expect(text).toContain(
    [
      "# HELP a_seconds How long.",
      "# TYPE a_seconds histogram",
      'a_seconds_bucket{le="0.00005"} 1',
      'a_seconds_bucket{le="0.001"} 3',
      'a_seconds_bucket{le="1"} 3',
      'a_seconds_bucket{le="+Inf"} 7',
      "a_seconds_sum 12.3455",
      "a_seconds_count 7\n",
    ].join("\n"),
  );
  expect(text).toContain("\nb_total 7\n");
  expect(text).toContain('\nc{k="y"} 2\n');
  for (const line of text.split("\n")) {
    expect(line).toMatch(
      /^$|^# (HELP|TYPE) \S+ .+$|^[a-z_:][a-z0-9_:]*(\{[^}]*\})? [-+0-9.eNaInf]+$/i,
    );
  }
});
