/** What must not outlive this process, however it ends: children, mounts, folders. Undone in reverse order. */
const leftovers: (() => void)[] = [];

process.once("exit", () => {
  for (const undo of leftovers.toReversed()) undo();
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => process.exit(1));
}

/** Registers a synchronous, repeatable step; the result takes it back, once it is done in good order. */
export function leaveNothing(undo: () => void): () => void {
  leftovers.push(undo);
  return () => {
    const at = leftovers.indexOf(undo);
    if (at >= 0) leftovers.splice(at, 1);
  };
}
