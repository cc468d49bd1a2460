/** Tables of moderate length, for lists that are not virtualised: servers, keys, members, audit. */
import type { ReactNode } from "react";
import { classNames } from "./class-names.ts";

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  readonly align?: "left" | "right";
  /** Hidden below the width of a tablet. */
  readonly wideOnly?: boolean;
  readonly className?: string;
}

export interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
}

export function Table<Row>({ label, columns, rows, rowKey }: TableProps<Row>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys (axe scrollable-region-focusable)
    <section className="overflow-x-auto" aria-label={label} tabIndex={0}>
      <table className="w-full border-collapse text-left" aria-label={label}>
        <thead>
          <tr className="border-b text-sm text-muted">
            {columns.map((column) => (
              <th
                key={column.title}
                scope="col"
                className={classNames(
                  "h-8 px-2 font-medium whitespace-nowrap first:pl-4 last:pr-4 md:px-4",
                  look(column),
                )}
              >
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} className="border-b last:border-0 hover:bg-hover">
              {columns.map((column) => (
                <td
                  key={column.title}
                  className={classNames(
                    "h-11 px-2 first:pl-4 last:pr-4 md:px-4",
                    look(column),
                    column.className,
                  )}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function look<Row>({ align, wideOnly }: Column<Row>): string {
  return classNames(align === "right" && "text-right", wideOnly && "hidden md:table-cell");
}
