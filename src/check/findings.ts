/**
 * What was found of the gradient of one tensor. Errors are relative to the largest absolute value of gradient and
 * differences, or to a thousandth of the largest one of all tensors if that is more; absolute where all are zero.
 */
export interface Finding {
  /** A parameter's name, `input x`, `decoder's input`, or `state` and the state's name. */
  readonly tensor: string;
  /** Number of its elements. */
  readonly elements: number;
  /** How many of them were compared with differences. */
  readonly tried: number;
  /** Largest absolute value of the gradient. 0: nothing that was measured depends on the tensor. */
  readonly largest: number;
  /** The gradient on the f64 reference against differences: the largest error, beyond what the loss's last bits explain. */
  readonly differences: number;
  /** The gradient of the exact build against that on the f64 reference: the largest error of all elements. */
  readonly exact: number;
  /** The same of the fast build. */
  readonly fast: number;
  /** Whether `differences` is at most 1e-6, `exact` and `fast` at most 1e-4. */
  readonly ok: boolean;
}

/**
 * The gradient is compared as f32 numbers, off by 6e-8; the differences are off by the third derivative times 2e-11.
 * What is left is room for third derivatives far above the first. Elman, GRU and LSTM nets of 60 seeds each reach 6e-8.
 */
const DIFFERENCES = 1e-6;
/**
 * 700,000 roundings to f32 on one path, when they add up like a random walk: twice the root of their number. The same
 * nets reach 6e-7; two bidirectional LSTM layers of 128, 9e-7.
 */
const BUILDS = 1e-4;

/** The outcome of a gradient check: its findings, and as text a table of them. */
export class GradientCheck {
  /** One for each parameter, the input if it is values, and each first state that is not learned. */
  readonly findings: readonly Finding[];

  /** Checks are made by `gradientCheck`. */
  constructor(findings: readonly Omit<Finding, "ok">[]) {
    this.findings = findings.map((finding) => {
      const { differences, exact, fast } = finding;
      // NaN is not within anything.
      return { ...finding, ok: differences <= DIFFERENCES && exact <= BUILDS && fast <= BUILDS };
    });
  }

  /** Whether all findings are. */
  get ok(): boolean {
    return this.findings.every(({ ok }) => ok);
  }

  /** A table, a line for each finding, and below it the verdict. */
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
    const bounds =
      `within ${DIFFERENCES.toExponential()} of the differences, the builds within ${BUILDS.toExponential()} of the f64 gradients`;
    const verdict = wrong.length ? `wrong: ${wrong.join(", ")}` : `right: ${bounds}`;
    return [...rows.map((cells) => cells.map(pad).join("  ").trimEnd()), verdict].join("\n");
  }
}
