/** What a host tells V8 about the heaps of all its threads, beside the size of the young ones, which the launcher does. */
export const heapFlags = [
  // So little of a young heap is alive when it is collected that V8's other threads cost more than they help, in all threads
  // of the host: a tenth of the calls that two cores can take (docs/benchmarks.md).
  "--no-parallel-scavenge",
  // Where most of what one place in the code has made outlives a collection, V8 makes what follows there in the old heap at
  // once, and goes on with it when that has long ceased to be so. If it is of each call, each call waits for a collection of the
  // whole heap: one host in six took 85 MiB more, and a tenth longer for each call (docs/benchmarks.md).
  "--no-allocation-site-pretenuring",
  // V8 collects a whole heap once that has grown by what seems cheap at the moment, on the main thread by anything up to three
  // times what is alive, and the memory of the largest stays with the process. As V8 has it where a heap
  // may be 512 MiB, as those of the recorder, the writer and the reader: by two fifths (docs/benchmarks.md).
  "--heap-growing-percent=40",
] as const;
