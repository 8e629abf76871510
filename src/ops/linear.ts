import type { Kernels } from "../kernels/kernels.ts";
import type { ParameterSlot } from "../memory/planner.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";

/**
 * The matmul y = x Wᵀ + bias and its gradients. W is `[N, K]` as in PyTorch. x `[m, K]` and y `[m, N]` are `m` rows of
 * slots, from a first row on. Forward and backward read packed copies of W, which `refresh` renews after every update.
 */
export interface Linear {
  /** Renew the packed copies of W. */
  refresh(k: Kernels): void;
  /** y = x Wᵀ + bias (y += x Wᵀ when `accumulate`). */
  forward(k: Kernels, y: Slot, yRow: number, x: Slot, xRow: number, m: number, accumulate?: boolean): void;
  /** dx = dy W (dx += dy W when `accumulate`). */
  backward(k: Kernels, dx: Slot, dxRow: number, dy: Slot, dyRow: number, m: number, accumulate?: boolean): void;
  /** dW += dyᵀ x, rows from the last to the first. `biasGradient` += the column sums of dy. */
  gradient(k: Kernels, dy: Slot, dyRow: number, x: Slot, xRow: number, m: number, biasGradient?: Slot): void;
}

/** Plans a matmul. `rows` limits W to some of its rows: some gates of a cell. */
export function linear(
  scope: Scope,
  weight: ParameterSlot,
  { bias, rows = { from: 0, count: weight.shape[0] } }: { bias?: Slot; rows?: { from: number; count: number } } = {},
): Linear {
  const N = rows.count, K = weight.shape[1];
  const name = `${weight.name}[${rows.from}:${rows.from + N}]`;
  const offset = rows.from * K * 4;
  const { isInt8 } = scope, kernel = isInt8 ? "gemmInt8" : "gemm";
  const forwardPanels = scope.derived(`${name} panels`, 1, isInt8 ? int8PanelSize(K, N) : panelSize(K, N));
  const backwardPanels = scope.train ? scope.derived(`${name} transposed panels`, 1, panelSize(N, K)) : undefined;
  const rowsAtOnce = Math.min(64, scope.steps * scope.batch);
  const workspace = scope.workspace(
    isInt8
      ? 32 + rowsAtOnce * (K + 32)
      : Math.max(rowsAtOnce * Math.max(N, K), scope.train ? panelSize(256, K) + 256 * 5 : 0),
  );
  return {
    refresh(k) {
      k[isInt8 ? "packInt8" : "packTransposed"](forwardPanels.address, weight.value.address + offset, K, N, K);
      if (backwardPanels) k.pack(backwardPanels.address, weight.value.address + offset, N, K, K);
    },

    forward(k, y, yRow, x, xRow, m, accumulate = false) {
      const out = y.at(yRow);
      const init = accumulate ? out : bias?.address ?? 0;
      const panels = forwardPanels.address, ldi = accumulate ? y.stride : 0;
      k[kernel](out, init, x.at(xRow), panels, workspace.address, m, N, K, y.stride, ldi, x.stride);
    },

    backward(k, dx, dxRow, dy, dyRow, m, accumulate = false) {
      const out = dx.at(dxRow);
      const init = accumulate ? out : 0;
      const panels = backwardPanels!.address;
      k.gemm(out, init, dy.at(dyRow), panels, workspace.address, m, K, N, dx.stride, dx.stride, dy.stride);
    },

    gradient(k, dy, dyRow, x, xRow, m, biasGradient) {
      const dW = weight.gradient.address + offset;
      k.gemmTN(
        dW,
        biasGradient?.address ?? 0,
        dy.at(dyRow),
        x.at(xRow),
        workspace.address,
        N,
        K,
        m,
        K,
        dy.stride,
        x.stride,
      );
    },
  };
}

/** See `packInt8`: scales, sums, and four weights a float. */
function int8PanelSize(k: number, n: number): number {
  return Math.ceil(n / 16) * (32 + 64 * Math.ceil(k / 16));
}

function panelSize(k: number, n: number): number {
  return k * Math.ceil(n / 8) * 8;
}
