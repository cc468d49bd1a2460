/**
 * Memory that is used again: for what connections read, and for what leaves in large pieces. V8 counts each buffer against the
 * heap of the thread whatever becomes of it: 8 MiB of new ones make it mark its whole heap, which holds up every connection.
 *
 * In: how many bytes are wanted. Out: a block, to be given back. Holds at most 32 blocks that nobody uses: 2.5 MiB. Whoever loads
 * it has the small buffers of its thread made in pools of 8 KiB.
 */

// As long as a piece of Node's pool is kept, all of the pool is, with what others have used of it: 64 KiB unless told, for a call
// of 300 bytes that waits for its server. Half of this and more has memory of its own. https://nodejs.org/api/buffer.html#bufferpoolsize
Buffer.poolSize = 8_192;

/** Of one connection after the other, each for as long as it is told of one read. As large as libuv would take itself. */
export const readMemory = Buffer.allocUnsafeSlow(65_536);

/** What one read brings, a head, and the framing of one part. */
const blockBytes = 80 * 1024;
const idleMax = 32;

const idle: Buffer[] = [];

/** May be larger than wanted. */
export function takeBlock(bytes: number): Buffer {
  if (bytes > blockBytes) return Buffer.allocUnsafeSlow(bytes);
  return idle.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
}

/** Once, when nobody reads it any more. */
export function giveBlock(block: Buffer): void {
  if (block.length === blockBytes && idle.length < idleMax) idle.push(block);
}
