/** What a check of a connection found: each step, the server, its tools. */
import type { WireConnectionReport } from "../../src/api/connection-report.ts";
import { duration } from "../time.ts";
import { Badge } from "../ui/badge.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";
import { SafeText } from "../ui/safe-text.tsx";
import { Spinner } from "../ui/spinner.tsx";

type Step = WireConnectionReport["steps"][number];

const titles: Record<Step["step"], string> = {
  dns: "Name",
  connect: "Connection",
  tls: "TLS",
  http: "HTTP",
  protocol: "Protocol",
  authentication: "Authentication",
  tools: "Tools",
};

const marks: Record<Step["status"], { icon: IconName; className: string; word: string }> = {
  ok: { icon: "check", className: "text-success", word: "ok" },
  warning: { icon: "alert", className: "text-timeout", word: "warning" },
  failed: { icon: "close", className: "text-error", word: "failed" },
  skipped: { icon: "more", className: "text-faint", word: "skipped" },
};

export function CheckRunning({ target }: { target: string }) {
  return (
    <p role="status" className="flex items-center gap-2 text-muted">
      <Spinner />
      <span className="min-w-0 truncate">
        Asking <SafeText maxLength={120}>{target}</SafeText> as an agent would …
      </span>
    </p>
  );
}

export function ConnectionReport({ report }: { report: WireConnectionReport }) {
  return (
    <div className="flex flex-col gap-3">
      <ol aria-label="Steps of the check" className="flex flex-col">
        {report.steps.map((step) => (
          <StepLine key={step.step} step={step} />
        ))}
      </ol>
      {report.server_info && <ServerLine report={report} />}
      {report.tools.length > 0 && <ToolList report={report} />}
    </div>
  );
}

function StepLine({ step }: { step: Step }) {
  const { icon, className, word } = marks[step.status];
  return (
    <li className="flex min-h-7 items-baseline gap-2 py-0.5">
      <Icon name={icon} className={`size-3.5 translate-y-0.5 ${className}`} />
      <span className="sr-only">{word}:</span>
      <span className="w-28 shrink-0 text-muted">{titles[step.step]}</span>
      <span
        className={`min-w-0 flex-1 break-words ${step.status === "skipped" ? "text-faint" : ""}`}
      >
        <SafeText>{step.message}</SafeText>
      </span>
      {step.duration_ms > 0 && (
        <span className="shrink-0 text-sm text-faint tabular-nums">
          {duration(step.duration_ms)}
        </span>
      )}
    </li>
  );
}

function ServerLine({ report }: { report: WireConnectionReport }) {
  const { server_info: server, protocol_version: revision, era } = report;
  return (
    <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
      <SafeText className="font-medium" maxLength={120}>
        {server?.title ?? server?.name}
      </SafeText>
      <SafeText className="text-muted" maxLength={40}>
        {server?.version}
      </SafeText>
      {revision !== null && <Badge>MCP {revision}</Badge>}
      {era !== null && <Badge>{era}</Badge>}
      {report.transport === "http_sse" && <Badge tone="timeout">HTTP+SSE</Badge>}
    </p>
  );
}

function ToolList({
  report: { tools, has_more_tools: hasMore },
}: {
  report: WireConnectionReport;
}) {
  return (
    <details className="rounded-md border px-3 py-2">
      <summary className="cursor-default select-none">
        {tools.length}
        {hasMore ? " or more" : ""} {tools.length === 1 ? "tool" : "tools"}
      </summary>
      <ul className="mt-2 flex max-h-64 flex-col gap-1.5 overflow-y-auto">
        {tools.map((tool) => (
          <li key={tool.name}>
            <SafeText className="font-mono text-sm" maxLength={120}>
              {tool.name}
            </SafeText>
            {tool.annotations.readOnlyHint === true && (
              <span className="ml-2 text-sm text-faint">reads only</span>
            )}
            {tool.annotations.destructiveHint === true && (
              <span className="ml-2 text-sm text-timeout">may destroy</span>
            )}
            <p className="text-sm text-muted">
              <SafeText maxLength={240}>{tool.description}</SafeText>
            </p>
          </li>
        ))}
      </ul>
    </details>
  );
}
