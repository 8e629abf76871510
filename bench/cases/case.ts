import type { Kernels } from "../../src/kernels/kernels.ts";
import { loadKernels, type Numerics } from "../../src/kernels/load.ts";
import { Layout } from "./layout.ts";

/** A call to time. */
export interface Case extends Work {
  readonly group: string;
  readonly name: string;
  /** Allocate memory, write data, and return the call to time. Repeated calls do the same work. */
  setup(numerics: Numerics): Promise<() => void>;
}

/** Amount of work of one call. */
export interface Work {
  /** Floating-point operations of the matmuls only, 2 m n k each. */
  readonly flops?: number;
  /** Elements of the result, or hidden units of a gate kernel, if the work is not a matmul. */
  readonly elements?: number;
  /** Bytes read plus bytes written, for kernels that are bound by memory. */
  readonly bytes?: number;
}

/** Allocates the matrices of a kernel and returns the call with their addresses. */
export type Scene = (layout: Layout) => (k: Kernels) => void;

/**
 * A case of one kernel.
 *
 * @param name Name of the kernel with the shape in brackets.
 */
export function kernelCase(group: string, name: string, work: Work, scene: Scene): Case {
  return {
    group,
    name,
    ...work,
    async setup(numerics) {
      const layout = new Layout();
      const call = scene(layout);
      const kernels = await loadKernels(numerics, layout.arena());
      return () => call(kernels);
    },
  };
}

/** A shape as in names of cases: `[50 x 128]`. */
export function brackets(...sizes: number[]): string {
  return `[${sizes.join(" x ")}]`;
}

/** Most cases have the sizes of the net of characters. */
export { B, H, T, V } from "../char_rnn.ts";
