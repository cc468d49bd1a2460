/**
 * Which ids a column may hold, in a fraction of the column's bytes: for a column of many values, of which each
 * lies in few segments.
 *
 * In: ids. Out: a Bloom filter of two hashes and eight bits an id or more, 64 bytes to 4 KiB; with more than 4,096 ids it
 * rules out fewer. An id that it rules out is not among them. Measured: that of 300 ids takes 512 bytes, and lets
 * one in 50 others pass.
 */

const bitsMin = 512;
const bitsMax = 32_768;
const bitsPerId = 8;

export function makeIdFilter(ids: ReadonlySet<number>): Uint8Array {
  const enough = 2 ** Math.ceil(Math.log2(ids.size * bitsPerId + 1));
  const filter = new Uint8Array(Math.max(bitsMin, Math.min(bitsMax, enough)) / 8);
  for (const id of ids) {
    const hash = mixed(id);
    for (const bit of [hash & 0xffff, hash >>> 16]) {
      const at = (bit >>> 3) & (filter.length - 1);
      filter[at] = (filter[at] ?? 0) | (1 << (bit & 7));
    }
  }
  return filter;
}

/** False when it certainly does not hold the id. */
export function mayHoldId(filter: Uint8Array, id: number): boolean {
  const hash = mixed(id);
  return isSet(filter, hash & 0xffff) && isSet(filter, hash >>> 16);
}

function isSet(filter: Uint8Array, bit: number): boolean {
  return ((filter[(bit >>> 3) & (filter.length - 1)] ?? 0) & (1 << (bit & 7))) !== 0;
}

/** The last steps of MurmurHash3, by which ids that follow each other lie anywhere; its halves are two hashes. */
function mixed(id: number): number {
  let hash = Math.imul(id ^ (id >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
