/** Which test files run when. Paths are relative to this folder; one that ends with a slash is a folder. */

/** The files of each tier, and those of them that it leaves out. */
export const TIERS: Readonly<Record<string, { files: readonly string[]; without: readonly string[] }>> = {
  test: { files: [""], without: ["slow/"] },
  quick: {
    files: [
      "architecture_test.ts",
      "cells/",
      "conformance/",
      "errors_test.ts",
      "gradients/",
      "kernels/",
      "layers/",
      "memory/",
      "ops/",
      "session/",
    ],
    without: [
      "cells/conformance_test.ts",
      "cells/custom_cell_test.ts",
      "kernels/activation_set_sweep_test.ts",
      "kernels/activation_sweep_test.ts",
      "kernels/gemm_test.ts",
      "layers/bidirectional_test.ts",
      "layers/encoder_decoder_test.ts",
      "layers/pool_test.ts",
      "layers/recurrent_dropout_test.ts",
      "session/out_of_memory_test.ts",
      "session/session_memory_test.ts",
    ],
  },
  slow: { files: ["slow/"], without: [] },
};

/** Files that run with nothing beside them, and why. */
export const ALONE: Readonly<Record<string, string>> = {
  "distributed/": "ranks of MPI wait for each other, and one that gets no core for too long counts as dead",
  "session/out_of_memory_test.ts": "takes all the memory that its process may have",
  "session/session_memory_test.ts": "measures memory",
  "slow/": "long runs, several of which use all cores",
  "threads/threads_test.ts": "workers use all cores",
  "zero_permission_test.ts": "its programs have a time limit, and one of them three threads",
};
