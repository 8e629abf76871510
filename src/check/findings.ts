/**
 * The errors in the gradient of one tensor. Errors are relative to the largest absolute value of gradient and
 * differences, or to a thousandth of the largest one of all tensors if that is more. Errors are absolute where all
 * values are zero.
 */
export interface Finding {
  /** A parameter's name, `input x`, `decoder's input`, or `state` and the state's name. */
  readonly tensor: string;
  /** Number of elements of the tensor. */
  readonly elements: number;
  /** Number of elements that were compared with differences. */
  readonly tried: number;
  /** Largest absolute value of the gradient. 0: the loss does not depend on the tensor. */
  readonly largest: number;
  /**
   * Largest error of the gradient on the f64 reference kernels against central differences, beyond the rounding of the
   * loss.
   */
  readonly differences: number;
  /** Largest error of the exact build's gradient against that of the f64 reference kernels. */
  readonly exact: number;
  /** Largest error of the fast build's gradient against that of the f64 reference kernels. */
  readonly fast: number;
  /** Whether `differences` is at most 1e-6, `exact` and `fast` at most 1e-4. */
  readonly ok: boolean;
}

/**
 * The gradient is rounded to f32, an error of 6e-8. The differences have an error of the third derivative times
 * 2e-11. The bound leaves room for third derivatives far above the first. Elman, GRU and LSTM nets of 60 seeds each
 * reach 6e-8.
 */
const DIFFERENCES = 1e-6;
/**
 * Enough for 700,000 roundings to f32 on one path that add up like a random walk: twice the root of their number. The
 * nets above reach 6e-7, two bidirectional LSTM layers of 128 reach 9e-7.
 */
const BUILDS = 1e-4;

/** The result of a gradient check. Its text is a table of the findings. */
export class GradientCheck {
  /** One finding for each parameter, each input of values, and each first state that is not learned. */
  readonly findings: readonly Finding[];

  /** Checks are made by `gradientCheck`. */
  constructor(findings: readonly Omit<Finding, "ok">[]) {
    this.findings = findings.map((finding) => {
      const { differences, exact, fast } = finding;
      // A comparison with NaN is false, so NaN is not ok.
      return { ...finding, ok: differences <= DIFFERENCES && exact <= BUILDS && fast <= BUILDS };
    });
  }

  /** Whether all findings are ok. */
  get ok(): boolean {
    return this.findings.every(({ ok }) => ok);
  }

  /** A table with a line for each finding, followed by the verdict. */
  toString(): string {
    const error = (x: number) => x.toExponential(1);
    const rows = [
      ["tensor", "tried", "largest", "differences", "exact", "fast", ""],
      ...this.findings.map(({ tensor, tried, elements, largest, differences, exact, fast, ok }) => [
        tensor,
        `${tried}/${elements}`,
        largest.toPrecision(3),
        ...[differences, exact, fast].map(error),
        ok ? "" : "wrong",
      ]),
    ];
    const widths = rows[0].map((_, c) => Math.max(...rows.map((cells) => cells[c].length)));
    const pad = (cell: string, c: number) => c === 0 || c === 6 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]);
    const wrong = this.findings.filter(({ ok }) => !ok).map(({ tensor }) => tensor);
    const differences = `within ${DIFFERENCES.toExponential()} of the differences`;
    const builds = `the builds within ${BUILDS.toExponential()} of the f64 gradients`;
    const verdict = wrong.length ? `wrong: ${wrong.join(", ")}` : `right: ${differences}, ${builds}`;
    return [...rows.map((cells) => cells.map(pad).join("  ").trimEnd()), verdict].join("\n");
  }
}
