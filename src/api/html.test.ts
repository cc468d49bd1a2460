import { expect, test } from "vitest";
import { html } from "./html.ts";

test("values are escaped in content and in attributes", () => {
  const hostile = `<img src=x onerror="a('b')">&amp;`;
  expect(html`<p title="${hostile}">${hostile}</p>`.text).toBe(
    '<p title="&#60;img src=x onerror=&#34;a(&#39;b&#39;)&#34;&#62;&#38;amp;">' +
      "&#60;img src=x onerror=&#34;a(&#39;b&#39;)&#34;&#62;&#38;amp;</p>",
  );
});

test("HTML within HTML stays, alone or in an array", () => {
  const rows = ["<1>", 2].map((value) => html`<li>${value}</li>`);
  expect(html`<ul>${rows}</ul>${[]}`.text).toBe("<ul><li>&#60;1&#62;</li><li>2</li></ul>");
});
