/** What a check of a connection finds, and its JSON. */
import { z } from "@hono/zod-openapi";

/** In the order they are taken. */
export const connectionSteps = [
  "dns",
  "connect",
  "tls",
  "http",
  "protocol",
  "authentication",
  "tools",
] as const;
export type ConnectionStepName = (typeof connectionSteps)[number];

/** `warning`: it goes on, but a person should know. */
export const stepStatuses = ["ok", "warning", "failed", "skipped"] as const;
export type StepStatus = (typeof stepStatuses)[number];

export type StepDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface ConnectionStep {
  readonly step: ConnectionStepName;
  readonly status: StepStatus;
  /** For people: lower case, no full stop. */
  readonly message: string;
  /** Whole milliseconds. */
  readonly durationMs: number;
  readonly details: StepDetails;
}

export interface ConnectionReport {
  /** Each of `connectionSteps` once, in their order. */
  readonly steps: readonly ConnectionStep[];
  /** Null until the server was understood. */
  readonly era: "legacy" | "modern" | null;
  readonly transport: "streamable_http" | "http_sse" | null;
  /** The MCP revision that was agreed on; empty when none was. */
  readonly protocolVersion: string;
  readonly serverInfo: FoundServerInfo | null;
  readonly tools: readonly FoundTool[];
  /** The server has more tools than are told. */
  readonly moreTools: boolean;
}

export interface FoundServerInfo {
  readonly name: string;
  readonly title: string;
  readonly version: string;
}

/** Texts of the server, cut; empty where it says nothing. */
export interface FoundTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Hints that the server gives, as far as they are booleans. */
  readonly annotations: Readonly<Record<string, boolean>>;
}

const textOrNull = z.string().nullable();

export const connectionReportSchema = z
  .object({
    ok: z.boolean().describe("No step failed. True, too, where a credential is needed first."),
    steps: z
      .array(
        z.object({
          step: z.enum(connectionSteps),
          status: z.enum(stepStatuses),
          message: z.string().describe("For people."),
          duration_ms: z.int().min(0),
          details: z
            .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
            .describe("What was found, by name; fields may be added."),
        }),
      )
      .describe("All seven, in the order they are taken."),
    era: z
      .enum(["legacy", "modern"])
      .nullable()
      .describe("`legacy`: handshake, revisions to 2025-11-25. `modern`: stateless, 2026-07-28."),
    transport: z.enum(["streamable_http", "http_sse"]).nullable(),
    protocol_version: textOrNull.describe("The MCP revision agreed on."),
    server_info: z
      .object({ name: z.string(), title: textOrNull, version: textOrNull })
      .nullable()
      .describe("As the server says it."),
    tools: z
      .array(
        z.object({
          name: z.string(),
          title: textOrNull,
          description: textOrNull,
          annotations: z.record(z.string(), z.boolean()),
        }),
      )
      .describe("At most 200."),
    has_more_tools: z.boolean(),
  })
  .openapi("ConnectionReport");

export type WireConnectionReport = z.input<typeof connectionReportSchema>;

export function toWireReport(report: ConnectionReport): WireConnectionReport {
  const { serverInfo } = report;
  return {
    ok: report.steps.every(({ status }) => status !== "failed"),
    steps: report.steps.map(({ durationMs, details, ...step }) => ({
      ...step,
      duration_ms: durationMs,
      details: { ...details } as WireConnectionReport["steps"][number]["details"],
    })),
    era: report.era,
    transport: report.transport,
    protocol_version: report.protocolVersion || null,
    server_info: serverInfo && {
      name: serverInfo.name,
      title: serverInfo.title || null,
      version: serverInfo.version || null,
    },
    tools: report.tools.map(({ name, title, description, annotations }) => ({
      name,
      title: title || null,
      description: description || null,
      annotations: { ...annotations },
    })),
    has_more_tools: report.moreTools,
  };
}
