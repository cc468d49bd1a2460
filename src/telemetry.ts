/** How stages speak to the operator: log lines as data, never as formatted text. */

export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** Values from outside go here and nowhere else, so that they are escaped as JSON. Never a slug, a secret or a body. */
export type LogFields = Readonly<Record<string, unknown>>;

/** For tests and tools that have nobody to tell. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
