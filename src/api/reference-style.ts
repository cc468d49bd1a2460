/** How the API reference looks: one style sheet, light and dark, readable on a phone. */

export const referenceStyle = `:root {
  color-scheme: light dark;
  --text: light-dark(#1d2430, #dfe4ec);
  --quiet: light-dark(#5a6576, #9aa5b5);
  --page: light-dark(#ffffff, #12161c);
  --panel: light-dark(#f4f6f9, #1b212a);
  --line: light-dark(#d8dee7, #313a47);
  --link: light-dark(#0b57c2, #7fb2ff);
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0 auto;
  max-width: 76rem;
  padding: 1.5rem 1rem 4rem;
  background: var(--page);
  color: var(--text);
  font: 1rem/1.55 system-ui, sans-serif;
}
h1 { margin: 0 0 .5rem; font-size: 1.75rem; }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.35rem; }
h3 { margin: 0 0 .25rem; font-size: 1.1rem; }
h4 { margin: 1.25rem 0 .35rem; font-size: .95rem; }
a { color: var(--link); }
a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
code, pre { font: .875rem/1.5 ui-monospace, monospace; }
code { overflow-wrap: anywhere; }
pre {
  margin: 0;
  padding: .75rem 1rem;
  overflow-x: auto;
  border: 1px solid var(--line);
  border-radius: .5rem;
  background: var(--panel);
}
nav { padding: .25rem 1rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--panel); }
nav h2 { margin: .75rem 0 .25rem; font-size: 1rem; }
nav ul { margin: 0; padding: 0; list-style: none; }
nav li code { color: var(--quiet); }
article { margin: 1.5rem 0; padding-top: 1.5rem; border-top: 1px solid var(--line); }
.route { margin: 0 0 .5rem; color: var(--quiet); }
table { width: 100%; border-collapse: collapse; font-size: .925rem; }
th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--quiet); font-weight: 600; }
@media (min-width: 48rem) {
  nav { display: flex; flex-wrap: wrap; gap: 0 3rem; }
  td:first-child { width: 28%; }
  td:nth-child(2) { width: 27%; }
}
@media (max-width: 47.99rem) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, td { display: block; }
  tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
  td { padding: 0; border: 0; }
}
`;
