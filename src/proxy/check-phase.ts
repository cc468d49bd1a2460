/** What is to be done once everything that has already come on any connection was read: once for all, in the event loop's check phase. */

export interface Waiting {
  sendWaiting(): void;
}

let waiting: Waiting[] = [];

export function sendSoon(one: Waiting): void {
  if (waiting.push(one) === 1) setImmediate(sendAll);
}

function sendAll(): void {
  const all = waiting;
  waiting = [];
  for (const one of all) one.sendWaiting();
}
