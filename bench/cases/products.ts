import { B, brackets, type Case, H, kernelCase, T, V } from "./case.ts";

/** A wider net: 64 rows, 50 steps, 512 units. */
const WIDE = { rows: 64, all: 64 * T, units: 512, gates: 4 * 512 };

/** The matmuls of a training step and of streaming. */
export const products: Record<"gemm" | "gemmTN", Case[]> = {
  gemm: [
    gemm(B, 4 * H, H, "accumulate"), // h' W_hhᵀ onto the projection of x
    gemm(B, H, 4 * H, "accumulate"), // dz W_hh onto dh'
    gemm(T * B, 4 * H, H, "bias"), // x W_ihᵀ of all steps
    gemm(B, V, H, "bias"), // the output layer, one step
    gemm(WIDE.rows, WIDE.gates, WIDE.units, "accumulate"),
    gemm(WIDE.rows, WIDE.units, WIDE.gates, "accumulate"),
    gemm(1, WIDE.gates, WIDE.units, "accumulate"), // matrix times vector: bound by reading the weights
  ],
  gemmTN: [
    gemmTN(4 * H, H, T * B), // dW_hh
    gemmTN(V, H, T * B), // the output layer's dW
    gemmTN(WIDE.gates, WIDE.units, WIDE.all),
  ],
};

function gemm(m: number, n: number, k: number, init: "accumulate" | "bias"): Case {
  const work = { flops: 2 * m * n * k, bytes: m === 1 ? 4 * n * k : undefined };
  return kernelCase("product", `gemm ${brackets(m, n, k)}`, work, (layout) => {
    const C = layout.activations(m, n), A = layout.activations(m, k);
    const panels = layout.dense(1, k * padded(n)), bias = layout.dense(1, n);
    const workspace = layout.dense(1, Math.min(m, 64) * k);
    const [start, ldi] = init === "accumulate" ? [C, C.stride] : [bias, 0];
    return (kernels) =>
      kernels.gemm(
        C.address,
        start.address,
        A.address,
        panels.address,
        workspace.address,
        m,
        n,
        k,
        C.stride,
        ldi,
        A.stride,
      );
  });
}

function gemmTN(m: number, n: number, k: number): Case {
  return kernelCase("product", `gemmTN ${brackets(m, n, k)}`, { flops: 2 * m * n * k }, (layout) => {
    const C = layout.dense(m, n), A = layout.activations(k, m), B = layout.activations(k, n);
    const workspace = layout.dense(1, Math.min(k, 256) * (padded(n) + 5));
    return (kernels) =>
      kernels.gemmTN(C.address, 0, A.address, B.address, workspace.address, m, n, k, C.stride, A.stride, B.stride);
  });
}

function padded(columns: number): number {
  return Math.ceil(columns / 8) * 8;
}
