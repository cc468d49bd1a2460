/**
 * The API reference as one HTML page, rendered from the OpenAPI document and nothing else.
 *
 * Plain semantic HTML: no script, no inline style, nothing from another host.
 */
import { type Html, type HtmlValue, html } from "./html.ts";
import type { OpenApiDocument } from "./openapi-document.ts";

type PathItem = NonNullable<OpenApiDocument["paths"]>[string];
type Operation = NonNullable<PathItem["get"]>;
type Schema = Exclude<
  NonNullable<NonNullable<OpenApiDocument["components"]>["schemas"]>[string],
  { $ref: string }
>;
type SchemaOrReference = Schema | { readonly $ref: string };

interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

const methods = ["get", "post", "put", "delete"] as const;

export function referencePage(document: OpenApiDocument): string {
  const { info, tags = [], servers = [] } = document;
  const url = servers[0]?.url ?? "";
  const entries = entriesOf(document);
  const schemas = Object.entries(document.components?.schemas ?? {});
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title}</title>
<link rel="stylesheet" href="docs/reference.css">
</head>
<body>
<header>
<h1>${info.title}</h1>
<p>Version ${info.version}. Base URL <code>${url}</code>. For programs: <a href="openapi.json">openapi.json</a>.</p>
${paragraphs(info.description)}
</header>
<nav aria-label="Contents">
${tags.map(
  (tag) =>
    html`<section><h2>${tag.name}</h2><ul>${entries
      .filter((entry) => entry.operation.tags?.includes(tag.name))
      .map(contentsLine)}</ul></section>`,
)}
<section><h2>Objects</h2><ul>${schemas.map(
    ([name]) => html`<li><a href="#${name}">${name}</a></li>`,
  )}</ul></section>
</nav>
<main>
${tags.map(
  (tag) => html`<section>
<h2>${tag.name}</h2>
${paragraphs(tag.description)}
${entries
  .filter((entry) => entry.operation.tags?.includes(tag.name))
  .map((entry) => operationArticle(entry, document, url))}
</section>`,
)}
<section>
<h2>Objects</h2>
${schemas.map(
  ([name, schema]) =>
    html`<article id="${name}"><h3>${name}</h3>${propertyTable(schema)}</article>`,
)}
</section>
</main>
</body>
</html>
`;
  return page.text;
}

function entriesOf(document: OpenApiDocument): readonly Entry[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, place]) =>
    methods.flatMap((method) => {
      const operation = place[method];
      return operation ? [{ method: method.toUpperCase(), path, operation }] : [];
    }),
  );
}

function contentsLine({ method, path, operation }: Entry): Html {
  return html`<li><a href="#${anchor(operation)}">${operation.summary ?? path}</a> <code>${method}</code></li>`;
}

function operationArticle(entry: Entry, document: OpenApiDocument, url: string): Html {
  const { method, path, operation } = entry;
  const body = bodySchema(operation);
  return html`<article id="${anchor(operation)}">
<h3>${operation.summary ?? path}</h3>
<p class="route"><code>${method} ${path}</code></p>
${paragraphs(operation.description)}
${parameterTable(operation)}
${body ? html`<h4>Body</h4><p>${typeOf(body)}</p>` : ""}
<h4>Answers</h4>
<table><thead><tr><th>Status</th><th>Body</th><th>When</th></tr></thead><tbody>${Object.entries(
    operation.responses ?? {},
  ).map(([status, answer]) => answerRow(status, answer))}</tbody></table>
<h4>Example</h4>
<pre><code>${example(entry, document, url)}</code></pre>
${exampleAnswer(operation)}
</article>`;
}

function parameterTable(operation: Operation): HtmlValue {
  const parameters = (operation.parameters ?? []).filter((parameter) => "name" in parameter);
  if (parameters.length === 0) return "";
  const rows = parameters.map(
    (parameter) =>
      html`<tr><td><code>${parameter.name}</code>${placeOf(parameter.in)}</td><td>${
        parameter.schema ? typeOf(parameter.schema) : ""
      }</td><td>${inline(parameter.description ?? "")}</td></tr>`,
  );
  return html`<h4>Parameters</h4><table><thead><tr><th>Name</th><th>Type</th><th>Meaning</th></tr></thead><tbody>${rows}</tbody></table>`;
}

function placeOf(place: string): string {
  if (place === "path") return " in the path";
  return place === "header" ? " in the head" : "";
}

function answerRow(status: string, answer: unknown): Html {
  const { description = "", content = {} } = answer as Answer;
  const types = Object.entries(content).map(([type, { schema }]) =>
    type === "application/json" && schema && "$ref" in schema
      ? typeOf(schema)
      : html`<code>${type}</code>`,
  );
  const listed = types.map((type, index) => html`${index === 0 ? "" : ", "}${type}`);
  return html`<tr><td>${status}</td><td>${types.length > 0 ? listed : "none"}</td><td>${inline(description)}</td></tr>`;
}

interface Answer {
  readonly description?: string;
  readonly content?: Readonly<
    Record<string, { readonly schema?: SchemaOrReference; readonly example?: unknown }>
  >;
}

/** What an operation's answer looks like, if it says so. */
function exampleAnswer(operation: Operation): HtmlValue {
  const answers = Object.values(operation.responses ?? {}) as readonly Answer[];
  const shown = answers
    .flatMap(({ content = {} }) => Object.values(content))
    .find((media) => media.example);
  if (!shown) return "";
  const { example } = shown;
  const text = typeof example === "string" ? example : JSON.stringify(example, null, 2);
  return html`<pre><code>${text}</code></pre>`;
}

function example(
  { method, path, operation }: Entry,
  document: OpenApiDocument,
  url: string,
): string {
  const shown = operation["x-example"] as { query: string; flags: string } | undefined;
  const target = `${url}${path.replace("{id}", "$ID")}${shown?.query ?? ""}`;
  const flags = shown?.flags ? ` ${shown.flags}` : "";
  const verb = method === "GET" ? "" : ` -X ${method}`;
  const lines = [
    `curl -s${flags}${verb} "${target}"`,
    `-H "Authorization: Bearer $HOOKWATCH_API_KEY"`,
  ];
  const schema = resolve(bodySchema(operation), document);
  if (schema) {
    const fields = Object.entries(schema.properties ?? {}).map(([name, property]) => [
      name,
      "$ref" in property ? null : (property.example ?? (property.type === "boolean" ? false : "…")),
    ]);
    lines.push(`-H "Content-Type: application/json"`);
    lines.push(`-d '${JSON.stringify(Object.fromEntries(fields))}'`);
  }
  return lines.join(" \\\n  ");
}

function bodySchema(operation: Operation): SchemaOrReference | undefined {
  const body = operation.requestBody;
  return body && "content" in body ? body.content["application/json"]?.schema : undefined;
}

function resolve(
  schema: SchemaOrReference | undefined,
  document: OpenApiDocument,
): Schema | undefined {
  if (!schema || !("$ref" in schema)) return schema;
  return resolve(document.components?.schemas?.[nameOf(schema.$ref)], document);
}

function propertyTable(schema: SchemaOrReference): Html {
  return html`<table><thead><tr><th>Field</th><th>Type</th><th>Meaning</th></tr></thead><tbody>${propertyRows(schema, "")}</tbody></table>`;
}

/** Fields of nested objects follow theirs, as `error.code` and `data[].at`. */
function propertyRows(schema: SchemaOrReference, prefix: string): readonly Html[] {
  if ("$ref" in schema) return [];
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const path = prefix + name;
    const optional = schema.required?.includes(name) ? "" : " optional";
    const meaning = "$ref" in property ? "" : (property.description ?? "");
    const row = html`<tr><td><code>${path}</code>${optional}</td><td>${typeOf(property)}</td><td>${inline(meaning)}</td></tr>`;
    if ("$ref" in property) return [row];
    const nested = property.items
      ? propertyRows(property.items, `${path}[].`)
      : propertyRows(property, `${path}.`);
    return [row, ...nested];
  });
}

/** A type in words: `string (uuid)`, `integer, 1 to 1000`, `array of Call`. */
function typeOf(schema: SchemaOrReference): HtmlValue {
  if ("$ref" in schema) {
    const name = nameOf(schema.$ref);
    return html`<a href="#${name}">${name}</a>`;
  }
  if (schema.items) return html`array of ${typeOf(schema.items)}`;
  if (schema.enum) {
    return schema.enum.map(
      (value, index) => html`${index === 0 ? "" : ", "}<code>${JSON.stringify(value)}</code>`,
    );
  }
  const type = [schema.type ?? "any"].flat().join(" or ");
  const format = schema.format ? ` (${schema.format})` : "";
  const fallback = schema.default === undefined ? "" : `, default ${schema.default}`;
  return `${type}${format}${rangeOf(schema)}${fallback}`;
}

function rangeOf({ minimum, maximum, maxLength }: Schema): string {
  if (maxLength !== undefined) return `, up to ${maxLength} characters`;
  if (minimum === undefined || maximum === undefined || maximum === Number.MAX_SAFE_INTEGER) {
    return "";
  }
  return `, ${minimum} to ${maximum}`;
}

function anchor(operation: Operation): string {
  return operation.operationId ?? "";
}

function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf("/") + 1);
}

function paragraphs(text = ""): readonly Html[] {
  if (text === "") return [];
  return text.split("\n\n").map((paragraph) => html`<p>${inline(paragraph)}</p>`);
}

/** Text between backticks is code. */
function inline(text: string): readonly HtmlValue[] {
  return text
    .split("`")
    .map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
}
