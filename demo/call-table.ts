/** The call log as a table for people: one line a call, coloured when a terminal watches. */
import { styleText } from "node:util";

/** What the table shows of a call of the API. */
export interface ShownCall {
  readonly id: string;
  readonly created_at: string;
  readonly client_name: string | null;
  readonly method: string;
  readonly tool_name: string;
  readonly status: string;
  readonly duration_ms: number;
  readonly error_message: string;
}

const widths = { time: 12, agent: 14, method: 25, tool: 16, status: 7, duration: 8 };

export function tableHead(): string {
  const titles = row(["TIME", "AGENT", "METHOD", "TOOL", "STATUS", "TOOK"], "ERROR");
  return styleText("dim", titles);
}

export function tableRow(call: ShownCall): string {
  const { created_at, client_name, method, tool_name, status, duration_ms } = call;
  const line = row(
    [created_at.slice(11, 23), client_name ?? "", method, tool_name, status, `${duration_ms} ms`],
    call.error_message,
  );
  return status === "success" ? line : styleText(status === "timeout" ? "yellow" : "red", line);
}

function row(cells: readonly string[], error: string): string {
  const columns = Object.values(widths).map((width, index) => {
    const text = cut(cells[index] ?? "", width);
    return index === 5 ? text.padStart(width) : text.padEnd(width);
  });
  const line = columns.join("  ");
  // A file has room for all of it; a narrow terminal gets a few words at least.
  const room = (process.stdout.columns ?? 300) - line.length - 2;
  return `${line}  ${cut(error, Math.max(room, 12))}`.trimEnd();
}

/** Also keeps control characters of foreign text out of the terminal. */
function cut(text: string, length: number): string {
  const plain = text.replaceAll(/\p{Cc}+/gu, " ");
  return plain.length <= length ? plain : `${plain.slice(0, length - 1)}…`;
}
