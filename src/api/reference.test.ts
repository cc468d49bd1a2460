import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { openRig } from "../../test/api/rig.ts";

interface Documented {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, DocumentedSchema>> };
}

interface DocumentedOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly description?: string;
    readonly required?: boolean;
    readonly schema: object;
  }[];
  readonly requestBody?: { readonly content: object };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: object }>
  >;
}

interface DocumentedSchema {
  readonly properties: Readonly<Record<string, { readonly type?: string | readonly string[] }>>;
  readonly required: readonly string[];
  readonly additionalProperties?: boolean;
}

async function documented(): Promise<Documented> {
  await using rig = await openRig("memory");
  const answer = await rig.ask<Documented>("GET", "/openapi.json", { key: null });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
  return answer.body;
}

function operations({
  paths,
}: Documented): readonly (DocumentedOperation & { readonly route: string })[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      route: `${method.toUpperCase()} ${path}`,
      ...operation,
    })),
  );
}

/** Every value of a member called `name`, however deep. */
function everywhere(value: unknown, name: string): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [
    ...(key === name ? [member] : []),
    ...everywhere(member, name),
  ]);
}

describe("the OpenAPI document", () => {
  test("is of version 3.1 and knows the version and address of this host", async () => {
    expect(await documented()).toMatchObject({
      openapi: "3.1.0",
      info: { version: "9.9.9" },
      servers: [{ url: "https://hookwatch.example" }],
    });
  });

  test("is made an operation a turn of the event loop, so that calls go on meanwhile", async () => {
    await using rig = await openRig("memory");
    const asked = rig.ask<Documented>("GET", "/openapi.json", { key: null });
    let isAnswered = false;
    void asked.finally(() => {
      isAnswered = true;
    });
    let turns = 0;
    for (; !isAnswered; turns += 1) await turn();
    const { body } = await asked;
    expect(turns).toBeGreaterThanOrEqual(operations(body).length);
    expect(operations(body).length).toBeGreaterThan(30);
  });

  test("is made anew for whoever asks next when it could not be made", async () => {
    let asked = 0;
    const publicUrl = () => {
      asked += 1;
      if (asked === 1) throw new Error("not yet known");
      return "https://hookwatch.example";
    };
    await using rig = await openRig("memory", { publicUrl });
    expect((await rig.ask("GET", "/openapi.json", { key: null })).status).toBe(500);
    expect((await rig.ask("GET", "/openapi.json", { key: null })).status).toBe(200);
  });

  test("tells all answers of a route: those of its input, its scope, its ids and its limits", async () => {
    const document = await documented();
    const any = ["400", "401", "403", "429", "500", "503"];
    const expected = {
      "GET /v1/mcp/servers": ["200", ...any],
      "POST /v1/mcp/servers": ["201", "413", ...any],
      "GET /v1/mcp/servers/{id}": ["200", "404", ...any],
      "PUT /v1/mcp/servers/{id}": ["200", "404", "413", ...any],
      "DELETE /v1/mcp/servers/{id}": ["204", "404", ...any],
      "GET /v1/mcp/calls": ["200", ...any],
      "GET /v1/mcp/calls/count": ["200", ...any],
      "GET /v1/mcp/calls/metrics": ["200", ...any],
      "GET /v1/mcp/calls/facets": ["200", ...any],
      "GET /v1/mcp/calls/histogram": ["200", ...any],
      "GET /v1/mcp/calls/losses": ["200", ...any],
      "GET /v1/mcp/calls/stream": ["200", ...any],
      "GET /v1/mcp/calls/export": ["200", ...any],
      "GET /v1/mcp/calls/{id}": ["200", "404", ...any],
      "DELETE /v1/mcp/calls/{id}": ["204", "404", ...any],
      "GET /v1/mcp/calls/{id}/messages": ["200", "404", ...any],
      "GET /v1/teams": ["200", "400", "401", "429", "500", "503"],
      "PUT /v1/teams/{id}/members/{user_id}": ["200", "404", "413", ...any],
      "POST /v1/teams/{id}/invitations": ["201", "404", "409", "413", ...any],
    };
    const found = operations(document).map(({ route, responses }) => [
      route,
      Object.keys(responses).toSorted(),
    ]);
    expect(Object.fromEntries(found)).toMatchObject(
      Object.fromEntries(
        Object.entries(expected).map(([route, codes]) => [route, codes.toSorted()]),
      ),
    );
  });

  test("resolves each of its references", async () => {
    const document = await documented();
    const references = new Set(everywhere(document, "$ref"));
    expect(references.size).toBeGreaterThan(5);
    const known = Object.keys(document.components.schemas).map(
      (name) => `#/components/schemas/${name}`,
    );
    expect([...references].filter((reference) => !known.includes(String(reference)))).toEqual([]);
  });

  test("names each operation once, and describes what it takes", async () => {
    const all = operations(await documented());
    expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length);
    for (const { route, summary, parameters = [], requestBody, responses } of all) {
      expect(summary, route).not.toBe("");
      if (/^(GET|DELETE)/.test(route)) expect(requestBody, route).toBeUndefined();
      const inPath = parameters.filter((parameter) => parameter.in === "path");
      expect(
        inPath.map(({ name }) => name),
        route,
      ).toEqual([...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      expect(Object.values(responses).every(({ description }) => description !== "")).toBe(true);
    }
  });

  test("tells types, limits and defaults of the list's parameters", async () => {
    const { paths } = await documented();
    const parameters = paths["/v1/mcp/calls"]?.get?.parameters ?? [];
    const schemas = Object.fromEntries(parameters.map(({ name, schema }) => [name, schema]));
    expect(parameters.every(({ required }) => required === false)).toBe(true);
    expect(Object.keys(schemas).toSorted()).toEqual(
      (
        "client_name cursor direction error_kind exclude_client_name exclude_direction exclude_error_kind " +
        "exclude_kind exclude_method exclude_server_id exclude_session_id exclude_status exclude_tool_name " +
        "from kind limit logical_id max_duration_ms method " +
        "min_duration_ms offset parent_id q server_id session_id status to tool_name"
      ).split(" "),
    );
    expect(schemas).toMatchObject({
      limit: { type: "integer", minimum: 1, maximum: 1_000, default: 50 },
      offset: { type: "integer", minimum: 0, maximum: 10_000_000, default: 0 },
      server_id: { type: "array", items: { type: "string", format: "uuid" }, maxItems: 100 },
      status: { type: "array", items: { enum: ["success", "error", "timeout"] } },
      q: { type: "string", maxLength: 1_000 },
      from: { type: "string" },
    });
    expect(parameters.filter(({ description }) => !description)).toEqual([]);
  });

  test("tells the media types of answers that are no JSON objects, and who may ask where to go on", async () => {
    const { paths } = await documented();
    const streamed = paths["/v1/mcp/calls/stream"]?.get;
    expect(Object.keys(streamed?.responses["200"]?.content ?? {})).toEqual(["text/event-stream"]);
    expect(streamed?.parameters?.filter((each) => each.in === "header")).toMatchObject([
      { name: "Last-Event-ID", required: false },
    ]);
    const exported = paths["/v1/mcp/calls/export"]?.get?.responses["200"]?.content ?? {};
    expect(Object.keys(exported)).toEqual(["application/x-ndjson", "text/csv", "application/json"]);
  });

  test("shows an answer of each operation that can be hard to picture", async () => {
    const all = operations(await documented());
    const shown = all.filter(({ responses }) => everywhere(responses["200"], "example").length > 0);
    expect(shown.map(({ operationId }) => operationId)).toEqual([
      "getCallFacets",
      "getCallHistogram",
      "listCallLosses",
      "streamCalls",
    ]);
  });

  test("keeps answers open and requests closed, and demands every field of an answer", async () => {
    const document = await documented();
    const { schemas } = document.components;
    const bodies = operations(document).flatMap(({ requestBody }) =>
      everywhere(requestBody, "$ref"),
    );
    const closed = Object.entries(schemas).filter(
      ([, schema]) => schema.additionalProperties === false,
    );
    const asked = new Set(bodies.map((reference) => String(reference).split("/").at(-1)));
    expect(asked.size).toBeGreaterThan(10);
    expect(closed.map(([name]) => name).toSorted()).toEqual([...asked].toSorted());
    for (const name of ["Server", "Call", "CallList", "CallMetrics", "CallHistogram"]) {
      const { properties, required } = schemas[name] ?? { properties: {}, required: [] };
      expect(required.toSorted(), name).toEqual(Object.keys(properties).toSorted());
    }
    expect(schemas.Call?.properties.rpc_id?.type).toEqual(["string", "null"]);
  });
});

test("what strangers wrote is marked in the OpenAPI document", async () => {
  const { schemas } = (await documented()).components;
  const fields = Object.entries(schemas.Call?.properties ?? {});
  const marked = fields.filter(([, field]) => Object.hasOwn(field, "x-untrusted"));
  expect(marked.map(([name]) => name)).toEqual(
    (
      "method tool_name rpc_id path request_body response_body error_message headers " +
      "protocol_version client_name client_version"
    ).split(" "),
  );
  expect(everywhere(schemas.CallMessages, "x-untrusted")).toEqual([true]);
});

describe("the reference page", () => {
  test("is open to everyone and loads nothing but its style sheet", async () => {
    await using rig = await openRig("memory");
    const page = await rig.ask("GET", "/docs", { key: null });
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; style-src 'self';/,
    );
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    expect(page.text).not.toMatch(
      /<script|<style|\sstyle=|\son\w+=|https?:\/\/(?!hookwatch\.example|example\.com)/i,
    );
    expect(page.text.match(/<link [^>]*>/g)).toEqual([
      '<link rel="stylesheet" href="docs/reference.css">',
    ]);
    const style = await rig.ask("GET", "/docs/reference.css", { key: null });
    expect(style.status).toBe(200);
    expect(style.headers.get("content-type")).toBe("text/css; charset=utf-8");
    expect(style.text).not.toContain("url(");
  });

  test("shows each operation, parameter and field, and every link leads somewhere", async () => {
    await using rig = await openRig("memory");
    const { text } = await rig.ask("GET", "/docs", { key: null });
    const document = await documented();
    for (const { route, parameters = [], responses } of operations(document)) {
      expect(text).toContain(`<code>${route}</code>`);
      for (const { name } of parameters) expect(text).toContain(`<td><code>${name}</code>`);
      for (const status of Object.keys(responses)) expect(text).toContain(`<td>${status}</td>`);
    }
    for (const [name, { properties }] of Object.entries(document.components.schemas)) {
      expect(text).toContain(`id="${name}"`);
      for (const field of Object.keys(properties)) expect(text).toContain(`<code>${field}</code>`);
    }
    const ids = new Set([...text.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]));
    const targets = [...text.matchAll(/ href="#([^"]+)"/g)].map((match) => match[1]);
    expect(targets.length).toBeGreaterThan(20);
    expect(targets.filter((target) => !ids.has(target))).toEqual([]);
  });
});
