/**
 * Every page of the dashboard, once: screenshots are taken of each, axe looks at each in both themes. A new
 * screen adds itself here.
 */
import type { Page } from "playwright-core";
import type { CallRow } from "../e2e/api.ts";
import type { Traffic } from "./rig.ts";

export interface DashboardPage {
  /** Kebab-case; names the screenshot. */
  readonly name: string;
  readonly path: (traffic: Traffic) => string;
  /** Resolves when all of it is shown, after the clicks that lead there. */
  readonly ready: (page: Page) => Promise<unknown>;
  /** For pages that ask who you are. */
  readonly asStranger?: boolean;
}

export const pages: readonly DashboardPage[] = [
  {
    name: "sign-in",
    path: () => "/sign-in",
    ready: (page) => page.getByRole("heading", { name: "Sign in" }).waitFor(),
    asStranger: true,
  },
  {
    name: "register",
    path: () => "/register",
    ready: (page) => page.getByRole("heading", { name: "Create an account" }).waitFor(),
    asStranger: true,
  },
  {
    name: "calls",
    path: () => "/calls",
    ready: (page) => page.getByRole("row").filter({ hasText: "get_forecast" }).first().waitFor(),
  },
  {
    name: "calls-narrowed",
    path: () => "/calls?status=error&exclude_tool_name=sort_photos&q=Atlantis",
    ready: (page) => page.getByText("there is no station in").first().waitFor(),
  },
  {
    name: "calls-completion",
    path: () => "/calls",
    ready: async (page) => {
      await page.getByRole("row").first().waitFor();
      await page.keyboard.press("/");
      await page.keyboard.type("tool:");
      await page.getByRole("option", { name: /^book_table/ }).waitFor();
    },
  },
  {
    name: "calls-filters",
    path: () => "/calls",
    ready: async (page) => {
      await page.getByRole("row").first().waitFor();
      await page.keyboard.press("f");
      await page.getByRole("dialog", { name: "Filters" }).waitFor();
    },
  },
  {
    name: "calls-range",
    path: () => "/calls",
    ready: async (page) => {
      await page.getByRole("row").first().waitFor();
      await page.keyboard.press("t");
      await page.getByLabel("Type it").waitFor();
    },
  },
  {
    name: "calls-none",
    path: () => "/calls?tool_name=book_table&client_name=nobody",
    ready: (page) => page.getByRole("button", { name: /^Without client/ }).waitFor(),
  },
  {
    name: "calls-with-one-open",
    path: ({ calls }) => `/calls?call=${idOf(calls, "get_forecast", "success")}`,
    ready: (page) => page.getByLabel("Call", { exact: true }).getByText("Facts").waitFor(),
  },
  {
    name: "start",
    path: () => "/start",
    ready: (page) => page.getByRole("button", { name: "Check connection" }).waitFor(),
  },
  {
    name: "start-waiting",
    path: ({ registered }) => `/start?server=${registered.server.id}`,
    ready: (page) => page.getByRole("link", { name: "Show all calls" }).waitFor(),
  },
  {
    name: "servers",
    path: () => "/servers",
    ready: (page) => page.getByRole("link", { name: "Travel desk" }).waitFor(),
  },
  {
    name: "server",
    path: ({ registered }) => `/servers/${registered.server.id}`,
    ready: async (page) => {
      await page.getByRole("button", { name: "Check", exact: true }).click();
      await page.getByText("tools can be listed").waitFor();
    },
  },
  {
    name: "settings-team",
    path: () => "/settings/team",
    ready: (page) => page.getByText("owner@localhost").first().waitFor(),
  },
  {
    name: "settings-keys",
    path: () => "/settings/keys",
    ready: (page) => page.getByRole("button", { name: "Revoke" }).first().waitFor(),
  },
  {
    name: "settings-new-key",
    path: () => "/settings/keys",
    ready: async (page) => {
      await page.getByRole("button", { name: "New key" }).click();
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "settings-audit",
    path: () => "/settings/audit",
    ready: (page) => page.getByText("Server added").first().waitFor(),
  },
  {
    name: "settings-log",
    path: () => "/settings/log",
    ready: (page) => page.getByText("Calls are recorded and can be read.").waitFor(),
  },
  {
    name: "settings-account",
    path: () => "/settings/account",
    ready: (page) => page.getByRole("heading", { name: "This browser" }).waitFor(),
  },
  {
    name: "command-palette",
    path: () => "/calls",
    ready: async (page) => {
      await page.getByRole("heading", { name: "Calls" }).waitFor();
      await page.keyboard.press("Control+k");
      await page.getByRole("listbox", { name: "Commands" }).waitFor();
    },
  },
  {
    name: "keyboard-help",
    path: () => "/calls",
    ready: async (page) => {
      await page.getByRole("heading", { name: "Calls" }).waitFor();
      await page.keyboard.press("?");
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "call",
    path: ({ calls }) => `/calls/${idOf(calls, "convert_currency", "success")}`,
    ready: (page) => page.getByText('"amount"').first().waitFor(),
  },
  {
    name: "call-failed",
    path: ({ calls }) => `/calls?call=${idOf(calls, "book_table", "error")}`,
    ready: (page) => page.getByText("The tool ran and says that it failed.").waitFor(),
  },
  {
    name: "call-response",
    path: ({ calls }) => `/calls/${idOf(calls, "convert_currency", "success")}`,
    ready: async (page) => {
      await page.getByRole("tab", { name: "Response" }).click();
      await page.getByText('"structuredContent"').first().waitFor();
    },
  },
  {
    name: "call-messages",
    path: ({ calls }) => `/calls/${idOf(calls, "plan_route", "success")}`,
    ready: async (page) => {
      await page.getByRole("tab", { name: "Messages" }).click();
      await page.getByText("searched as far as Oslo").waitFor();
    },
  },
  {
    name: "call-timing",
    path: ({ calls }) => `/calls/${idOf(calls, "plan_route", "success")}`,
    ready: async (page) => {
      await page.getByRole("tab", { name: "Timing" }).click();
      await page.getByText("Receiving it").waitFor();
    },
  },
  {
    name: "replay",
    path: ({ calls }) => `/calls/${idOf(calls, "get_forecast", "success")}`,
    ready: async (page) => {
      await page.getByRole("tab", { name: "Overview" }).waitFor();
      await page.keyboard.press("r");
      await page.getByRole("textbox", { name: "Arguments" }).waitFor();
      await page.getByText("does not say whether this tool only reads").waitFor();
    },
  },
  {
    name: "compare",
    path: ({ calls }) => {
      const [a, b] = ["error", "success"].map((status) => idOf(calls, "get_forecast", status));
      return `/compare?a=${a}&b=${b}`;
    },
    ready: (page) => page.getByText("there is no station").last().waitFor(),
  },
  {
    name: "sessions",
    path: () => "/sessions",
    ready: (page) => page.getByText("1 failed").first().waitFor(),
  },
  {
    name: "session",
    path: ({ calls }) => `/sessions/${calls.find((call) => call.session_id !== null)?.session_id}`,
    ready: (page) => page.getByRole("button", { name: /^initialize/ }).waitFor(),
  },
  {
    name: "metrics",
    path: () => "/insights",
    ready: async (page) => {
      await page.getByRole("table", { name: "By tool" }).waitFor();
      await page.getByText("there is no station in …").waitFor();
    },
  },
];

/** A call of the agents, by its tool and how it ended; any call where others made them. */
function idOf(calls: readonly CallRow[], tool: string, status: string): string | undefined {
  const wanted = calls.find((call) => call.tool_name === tool && call.status === status);
  return (wanted ?? calls[0])?.id;
}
