/**
 * Gives the memory of bytes back at once, with all else that is a view of it.
 *
 * V8 does not see what lies outside its heap but for its sum, and collects what is left behind there when 64 MiB of it
 * have come together (v8: src/heap/heap.h, `kExternalAllocationSoftLimit`), in each thread.
 */
export function free({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
