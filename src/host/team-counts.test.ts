/** Open exchanges of a team, counted by several threads. */
import { expect, test } from "vitest";
import { TeamCounts } from "./team-counts.ts";

function three(teams?: number) {
  const memory = TeamCounts.memoryFor(3, teams);
  return [0, 1, 2].map((row) => new TeamCounts(row, memory, teams)) as [
    TeamCounts,
    TeamCounts,
    TeamCounts,
  ];
}

test("each plane sees what the others have open, and not what it has itself", () => {
  const [main, second, third] = three();
  for (const team of ["a", "b"]) {
    for (const plane of [second, third]) plane.learn(team, main.placeOf(team));
  }
  second.openHere("a", 3);
  third.openHere("a", 4);
  third.openHere("b", 1);
  expect([main, second, third].map((plane) => plane.openThere("a"))).toEqual([7, 4, 3]);
  expect([main, second, third].map((plane) => plane.openThere("b"))).toEqual([1, 1, 0]);
  third.openHere("a", 0);
  expect(main.openThere("a")).toBe(3);
});

test("a plane that is gone has nothing open", () => {
  const [main, second, third] = three();
  for (const plane of [second, third]) plane.learn("a", main.placeOf("a"));
  second.openHere("a", 3);
  third.openHere("a", 4);
  main.clear(2);
  expect(main.openThere("a")).toBe(3);
});

test("of more teams than there are places some share one", () => {
  const [main, second] = three(2);
  for (const team of ["a", "b", "c"]) second.learn(team, main.placeOf(team));
  second.openHere("c", 1);
  expect(["a", "b", "c"].map((team) => main.openThere(team))).toEqual([1, 0, 1]);
});
