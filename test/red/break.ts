/** One deliberate break of the product, and the test that has to notice it. */

export interface Break {
  /** As docs/security.md names them: `T1`. */
  readonly threat: string;
  /** File and title as docs/security.md cites them; the title may say less, or more, and hold `%s` and `$name`. */
  readonly test: string;
  readonly title: string;
  /** The file to run where the cited one is a contract that several drivers run. */
  readonly run?: string;
  /** The file that is broken. */
  readonly source: string;
  /** Occurs exactly once in it. */
  readonly find: string;
  readonly replace: string;
}

/** What is left to say of a break once threat and test are known: where, what, and what instead. */
export type Change = readonly [source: string, find: string, replace: string];

/** The breaks of one threat, by test file and title. A title may be there with several changes. */
export function breaks(
  threat: string,
  byTest: Readonly<Record<string, Readonly<Record<string, Change | readonly Change[]>>>>,
  run?: string,
): Break[] {
  return Object.entries(byTest).flatMap(([test, byTitle]) =>
    Object.entries(byTitle).flatMap(([title, changes]) =>
      (isOne(changes) ? [changes] : changes).map(([source, find, replace]) => ({
        threat,
        test,
        title,
        source,
        find,
        replace,
        ...(run !== undefined && { run }),
      })),
    ),
  );
}

function isOne(changes: Change | readonly Change[]): changes is Change {
  return typeof changes[0] === "string";
}
