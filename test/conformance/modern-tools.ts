/** Tools of the conformance fixture that need the client and have no session: `input_required` rounds. */
import { randomBytes } from "node:crypto";
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  inputRequired,
  type McpServer,
  type ServerContext,
  type ServerNotifier,
} from "@modelcontextprotocol/server";
import { say } from "./fixture-content.ts";

/** Seals what a round hands to the next one by way of the client. */
export const requestStates = createRequestStateCodec<{ readonly round: number }>({
  key: randomBytes(32),
});

export function addModernTools(server: McpServer, notify: ServerNotifier): void {
  addQuestions(server);
  addRounds(server);
  addCapabilities(server);
  addPrompt(server);
  server.registerTool("test_trigger_tool_change", { description: "Changes tools" }, () => {
    notify.toolsChanged();
    return say("ok");
  });
  server.registerTool("test_trigger_prompt_change", { description: "Changes prompts" }, () => {
    notify.promptsChanged();
    return say("ok");
  });
}

type Spec = Parameters<typeof inputRequired>[0];
type Answers = Readonly<Record<string, unknown>>;

/** A tool that answers when every question of its own has got an answer, and asks again until then. */
function addQuestion(
  server: McpServer,
  name: string,
  inputRequests: NonNullable<Spec["inputRequests"]>,
  answer: (answers: Answers) => string | undefined,
): void {
  server.registerTool(name, { description: "Asks" }, (context) => {
    const answers = answersIn(context);
    const complete = Object.keys(inputRequests).every((key) => isObject(answers[key]));
    const text = complete ? answer(answers) : undefined;
    return text === undefined ? inputRequired({ inputRequests }) : say(text);
  });
}

function addQuestions(server: McpServer): void {
  const askName = { user_name: elicit("What is your name?", "name") };
  addQuestion(server, "test_input_required_result_elicitation", askName, ({ user_name }) => {
    const name = contentOf(user_name).name;
    return typeof name === "string" ? `Hello, ${name}!` : undefined;
  });
  addQuestion(
    server,
    "test_streaming_elicitation",
    askName,
    ({ user_name }) => `Hello, ${String(contentOf(user_name).name)}!`,
  );
  addQuestion(
    server,
    "test_input_required_result_sampling",
    { capital_question: sample("What is the capital of France?", 100) },
    ({ capital_question }) => {
      const { text } = contentOf(capital_question);
      return typeof text === "string" ? text : JSON.stringify(capital_question);
    },
  );
  addQuestion(
    server,
    "test_input_required_result_list_roots",
    { client_roots: inputRequired.listRoots() },
    ({ client_roots }) => JSON.stringify(isObject(client_roots) ? client_roots.roots : undefined),
  );
}

function addRounds(server: McpServer): void {
  for (const name of ["request_state", "tampered_state"]) {
    server.registerTool(
      `test_input_required_result_${name}`,
      { description: "Asks, and knows its own state again" },
      async (context) => {
        if (roundOf(context) > 0) return say("state-ok");
        const inputRequests = { confirm: elicit("Please confirm", "ok", "boolean") };
        return inputRequired({ inputRequests, requestState: await sealed(1) });
      },
    );
  }
  server.registerTool(
    "test_input_required_result_multiple_inputs",
    { description: "Asks three things at once" },
    async (context) => {
      const inputRequests = {
        user_name: elicit("What is your name?", "name"),
        greeting: sample("Generate a greeting", 50),
        client_roots: inputRequired.listRoots(),
      };
      const answers = answersIn(context);
      const complete = Object.keys(inputRequests).every((key) => answers[key] !== undefined);
      if (roundOf(context) > 0 && complete) return say("all inputs received");
      return inputRequired({ inputRequests, requestState: await sealed(1) });
    },
  );
  server.registerTool(
    "test_input_required_result_multi_round",
    { description: "Asks twice" },
    async (context) => {
      const questions = [
        { step1: elicit("Step 1: What is your name?", "name") },
        { step2: elicit("Step 2: What is your favorite color?", "color") },
      ];
      const round = roundOf(context);
      const inputRequests = questions[round];
      if (!inputRequests) return say("multi-round complete");
      return inputRequired({ inputRequests, requestState: await sealed(round + 1) });
    },
  );
}

function addCapabilities(server: McpServer): void {
  server.registerTool(
    "test_input_required_result_capabilities",
    { description: "Asks what the client can answer" },
    async (context) => {
      if (context.mcpReq.inputResponses) return say("done");
      const able = capabilitiesOf(context);
      const inputRequests = {
        ...(able?.sampling ? { sampled: sample("hi", 10) } : {}),
        ...(able?.elicitation ? { elicited: elicit("name?", "name") } : {}),
      };
      return inputRequired({ inputRequests, requestState: await sealed(1) });
    },
  );
  server.registerTool("test_missing_capability", { description: "Asks in any case" }, () =>
    inputRequired({ inputRequests: { sampled: sample("hi", 10) } }),
  );
}

function addPrompt(server: McpServer): void {
  server.registerPrompt(
    "test_input_required_result_prompt",
    { description: "Asks for context" },
    (context) => {
      const { context: given } = contentOf(answersIn(context).user_context);
      if (typeof given === "string") {
        return { messages: [{ role: "user", content: { type: "text", text: given } }] };
      }
      const user_context = elicit("What context should the prompt use?", "context");
      return inputRequired({ inputRequests: { user_context } });
    },
  );
}

/** 0 before the first question. The state was verified before the tool is asked. */
function roundOf(context: ServerContext): number {
  return context.mcpReq.requestState<{ readonly round: number }>()?.round ?? 0;
}

/** The SDK hands them over, and its type does not tell. */
function capabilitiesOf({ mcpReq }: ServerContext): ClientCapabilities | undefined {
  const envelope: { readonly [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } =
    mcpReq.envelope ?? {};
  return envelope[CLIENT_CAPABILITIES_META_KEY];
}

function sealed(round: number): Promise<string> {
  return requestStates.mint({ round });
}

function answersIn(context: ServerContext): Answers {
  return context.mcpReq.inputResponses ?? {};
}

function contentOf(answer: unknown): Readonly<Record<string, unknown>> {
  return isObject(answer) && isObject(answer.content) ? answer.content : {};
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function elicit(message: string, name: string, type: "string" | "boolean" = "string") {
  const property = type === "string" ? { type } : { type };
  const requestedSchema = {
    type: "object" as const,
    properties: { [name]: property },
    required: [name],
  };
  return inputRequired.elicit({ message, requestedSchema });
}

function sample(text: string, maxTokens: number) {
  const messages = [{ role: "user" as const, content: { type: "text" as const, text } }];
  return inputRequired.createMessage({ messages, maxTokens });
}
