import type { Kernels } from "../../src/kernels/kernels.ts";
import { loadKernels, type Numerics } from "../../src/kernels/load.ts";
import { Layout } from "./layout.ts";

/** Something to time. */
export interface Case extends Work {
  readonly group: string;
  readonly name: string;
  /** Memory and data; returns what is timed. Repeated calls do the same work. */
  setup(numerics: Numerics): Promise<() => void>;
}

/** What one call does. */
export interface Work {
  /** Floating-point operations of the matrix products, 2 m n k each; nothing else counts. */
  readonly flops?: number;
  /** Elements of the result, or hidden units of a gate kernel, where the work is not a product. */
  readonly elements?: number;
  /** Bytes read plus bytes written, of kernels that do little else. */
  readonly bytes?: number;
}

/** Places a kernel's matrices; the call it returns runs with the addresses they got. */
export type Scene = (layout: Layout) => (k: Kernels) => void;

/** A kernel on matrices of its own; the name is the kernel's with the shape in brackets. */
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

/** A shape as it stands in names: `[50 x 128]`. */
export function brackets(...sizes: number[]): string {
  return `[${sizes.join(" x ")}]`;
}

/** Sizes of the net that most cases are cut from: 50 rows, 50 steps, 2 layers of 128 units, 65 characters. */
export const B = 50, T = 50, H = 128, V = 65;
