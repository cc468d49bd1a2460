/** What the conformance fixture shows: its resources and prompts, and the media in them; names and texts are the suite's. */
import {
  type GetPromptResult,
  type McpServer,
  type PromptMessage,
  ResourceTemplate,
} from "@modelcontextprotocol/server";
import { z } from "zod";

/** One red pixel. */
export const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

/** No sample at 8 kHz. */
export const wav = Buffer.concat([
  Buffer.from("RIFF$\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0", "latin1"),
  Buffer.from([0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 0x10, 0]),
  Buffer.from("data\0\0\0\0", "latin1"),
]).toString("base64");

/** A tool's answer in words. */
export function say(words: string) {
  return { content: [text(words)] };
}

export function addContent(server: McpServer): void {
  addResources(server);
  addPrompts(server);
}

function addResources(server: McpServer): void {
  const add = (name: string, mimeType: string, body: { text: string } | { blob: string }) =>
    server.registerResource(
      name,
      `test://${name}`,
      { description: name, mimeType },
      ({ href: uri }) => ({ contents: [{ uri, mimeType, ...body }] }),
    );
  add("static-text", "text/plain", { text: "This is the content of the static text resource." });
  add("static-binary", "image/png", { blob: png });
  add("watched-resource", "text/plain", { text: "watched" });

  const mimeType = "application/json";
  server.registerResource(
    "template",
    new ResourceTemplate("test://template/{id}/data", { list: undefined }),
    { description: "template", mimeType },
    ({ href: uri }, { id }) => {
      const text = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` });
      return { contents: [{ uri, mimeType, text }] };
    },
  );
}

function addPrompts(server: McpServer): void {
  server.registerPrompt("test_simple_prompt", { description: "Text" }, () =>
    messages(text("This is a simple prompt for testing.")),
  );
  server.registerPrompt(
    "test_prompt_with_arguments",
    {
      description: "Arguments",
      argsSchema: z.object({
        arg1: z.string().describe("first"),
        arg2: z.string().describe("second"),
      }),
    },
    ({ arg1, arg2 }) => messages(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  );
  server.registerPrompt(
    "test_prompt_with_embedded_resource",
    { description: "Resource", argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri: uri }) => {
      const resource = {
        uri,
        mimeType: "text/plain",
        text: "Embedded resource content for testing.",
      };
      return messages(
        { type: "resource", resource },
        text("Please process the embedded resource above."),
      );
    },
  );
  server.registerPrompt("test_prompt_with_image", { description: "Image" }, () =>
    messages(
      { type: "image", data: png, mimeType: "image/png" },
      text("Please analyze the image above."),
    ),
  );
}

function text(words: string) {
  return { type: "text" as const, text: words };
}

function messages(...contents: readonly PromptMessage["content"][]): GetPromptResult {
  return { messages: contents.map((content) => ({ role: "user" as const, content })) };
}
