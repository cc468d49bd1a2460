/** How many threads take calls. */
import { expect, test } from "vitest";
import { dataPlanesOf } from "./usual-data-planes.ts";

const machine = (cores: number, platform: NodeJS.Platform = "linux") => ({ cores, platform });

function of(given?: number, listenFd?: number, on = machine(8)) {
  const problems: unknown[] = [];
  const planes = dataPlanesOf(given, listenFd, (problem) => problems.push(problem), on);
  return { planes, problems };
}

test.for([
  [1, 1],
  [2, 1],
  [3, 1],
  [4, 2],
  [8, 6],
  [18, 16],
  [64, 16],
] as const)(
  "of %i cores the recorder and the writer keep two, and %i planes are enough",
  ([cores, planes]) => {
    expect(of(undefined, undefined, machine(cores))).toEqual({ planes, problems: [] });
  },
);

test("where the system does not share connections out, there is one", () => {
  for (const platform of ["darwin", "win32"] as const)
    expect(of(undefined, undefined, machine(8, platform)).planes).toBe(1);
});

test("what the operator says is done", () => {
  expect(of(3, undefined, machine(1)).planes).toBe(3);
  expect(of(1, undefined, machine(64)).planes).toBe(1);
});

test("a socket that was given has one plane, and more cannot be asked for", () => {
  expect(of(undefined, 3)).toEqual({ planes: 1, problems: [] });
  expect(of(1, 3).problems).toEqual([]);
  const message = "is 2, but on a socket that was given (LISTEN_FDS) only 1 thread can listen";
  expect(of(2, 3).problems).toEqual([{ field: "HOOKWATCH_DATA_PLANES", message }]);
});
