import { OptionError, requireBelow, requireInteger, ShapeError } from "../../errors.ts";
import { extended, flag, natural, readOptions, type Table } from "../../options.ts";
import { LOSS, type Loss, type LossOptions, requireCount, type Targets, weightsOf } from "./loss.ts";

/** Options of `ctc`. */
export interface CtcOptions extends LossOptions {
  /**
   * The class that stands for "no label".
   *
   * @default {0}
   */
  blank?: number;
  /**
   * Whether a sequence that is too short for its labels has loss and gradient 0 instead of infinity.
   *
   * @default {false}
   */
  zeroInfinity?: boolean;
  /**
   * The largest number of labels of a sequence. Memory is planned for this number.
   *
   * @default {the session's `steps`}
   */
  labels?: number;
}

const CTC = /* @__PURE__ */ extended(LOSS, {
  blank: [natural, 0],
  zeroInfinity: [flag, false],
  labels: [natural],
}) satisfies Table<CtcOptions>;

/**
 * Connectionist temporal classification (Graves et al. 2006): -log of the probability that a sequence of outputs
 * gives its labels, with blanks and repetitions at any place. PyTorch's `ctc_loss`, but of logits: the softmax is part
 * of the loss. A mean divides each loss by the number of labels (at least 1) and then by the number of sequences;
 * `session.losses` does not divide.
 *
 * Targets: labels, integers from 0 to C - 1 other than `blank`, either padded, `[B, S]`, or the labels of all sequences
 * one after the other, without gaps. `targetLengths` has the number of labels of each sequence, 0 is allowed. Outputs
 * after a row's length do not count. Labels take one step each, and one more between two equal neighbours. When a
 * sequence has fewer steps than its labels take, `evaluate` and `losses` give Infinity as PyTorch; `step` and
 * `accumulate` refuse the call, unless `zeroInfinity` is set.
 *
 * @throws {OptionError} When a number is out of range.
 *
 * @example
 * ```ts
 * import { compile, dense, lstm, recurrent, sequential, sgd } from "@unroll/rnn";
 * import { ctc, ctcGreedy } from "@unroll/rnn/losses";
 * import { assertEquals } from "@std/assert";
 *
 * const net = sequential({ rnn: recurrent(lstm(), { input: 1, hidden: 8 }), decoder: dense(8, 3) });
 * const session = await compile(net, { batch: 1, steps: 6, loss: ctc(), optimizer: sgd({ learningRate: 0.5 }) });
 * const x = [1, 0, 0, -1, 0, 0];
 * for (let i = 0; i < 100; i++) session.step({ x, y: [1, 2] });
 * assertEquals(ctcGreedy(session.forward(x), { classes: 3 })[0].labels, [1, 2]);
 * session.dispose();
 * ```
 */
export function ctc(options: CtcOptions = {}): Loss {
  const { blank, zeroInfinity, reduction, labels: longest } = readOptions("ctc", CTC, options);
  return {
    name: "CTC",
    targets: "sequence",
    plan(scope, { value: x, gradient: dx, width, steps: rows }) {
      if (rows === "one") {
        throw new ShapeError("Cannot plan CTC: the net gives one row for a sequence, expected one for each step");
      }
      if (blank >= width) {
        throw new OptionError(`"blank" must be a class, an integer from 0 to ${width - 1}, got ${blank}`);
      }
      const { batch, steps } = scope, most = longest ?? steps, stride = Math.max(1, most);
      const labels = scope.integers("labels", batch * stride);
      const sizes = scope.integers("numbers of steps and labels", 2 * batch);
      const weights = scope.activation("weights", 1, batch), losses = scope.activation("losses", 1, batch);
      const scale = scope.activation("scale", 1, 1), total = scope.activation("total loss", 1, 1);
      const states = Math.ceil((2 * most + 1) / 4) * 4 + 8;
      const scratch = scope.scratch("states of paths", 1, (steps + 4) * states + 2 * steps);
      return {
        targets: "sequence",
        elements: batch * stride,
        total,
        check(targets, rows) {
          const layout = layoutOf(targets, rows.B), weight = weightsOf(targets, { ...rows, count: rows.B });
          let counted = 0, sum = 0;
          for (let b = 0; b < rows.B; b++) {
            const sequence = rows.sequence(b), { from, length } = layout(sequence);
            if (weight(b, sequence) === 0) continue;
            if (length > most) {
              throw new ShapeError(
                `Cannot read "y": a sequence has ${length} labels, "labels" of the loss allows ${most}`,
              );
            }
            for (let i = from; i < from + length; i++) {
              requireBelow("y", targets.y[i], i, width);
              if (targets.y[i] === blank) {
                throw new OptionError(`Every label in "y" must be another class than "blank", got ${blank} at ${i}`);
              }
            }
            if (rows.training && !zeroInfinity) requireEnoughSteps(targets.y, from, length, sequence, rows.steps(b));
            counted++;
            sum += weight(b, sequence);
          }
          return requireCount(reduction, sum, counted, targets, rows);
        },
        write(targets, rows, count) {
          const { B } = rows, layout = layoutOf(targets, B), weight = weightsOf(targets, { ...rows, count: B });
          const label = rows.integers(labels.address, labels.rows), size = rows.integers(sizes.address, 2 * B);
          const v = rows.floats(weights.address, B), isMean = reduction === "mean" && count !== undefined;
          for (let b = 0; b < B; b++) {
            const sequence = rows.sequence(b), { from, length } = layout(sequence);
            v[b] = weight(b, sequence) / (isMean ? Math.max(1, length) : 1);
            size.set([rows.steps(b), v[b] === 0 ? 0 : length], 2 * b);
            for (let i = 0; i < size[2 * b + 1]; i++) label[b * stride + i] = targets.y[from + i];
          }
          rows.floats(scale.address, 1)[0] = isMean ? 1 / count : 1;
        },
        forward(k, { T, B }, gradient) {
          for (let b = 0; b < B; b++) {
            const out = gradient ? dx!.at(b) : 0, loss = losses.address + 4 * b, from = labels.address + 4 * b * stride;
            const inputs = [x.at(b), from, sizes.address + 8 * b, weights.address + 4 * b, scale.address] as const;
            const flags = [scratch.address, blank, zeroInfinity ? 1 : 0] as const;
            k.ctc(loss, out, ...inputs, ...flags, T, width, (dx?.stride ?? 0) * B, x.stride * B);
          }
          k.sum(total.address, losses.address, B);
        },
        reduction,
        reduce: (total, count) => reduction === "mean" ? total / count : total,
        read(rows) {
          const copy = new Float32Array(rows.B), values = rows.floats(losses.address, rows.B);
          for (let b = 0; b < rows.B; b++) copy[rows.sequence(b)] = values[b];
          return copy;
        },
      };
    },
  };
}

/**
 * The position of a sequence's labels in y. y has no gaps when its length is the sum of `targetLengths`, else y is
 * `[B, S]`. For `[B, S]` with full rows both are the same.
 */
function layoutOf({ y, targetLengths }: Targets, B: number): (sequence: number) => { from: number; length: number } {
  const columns = y.length / B;
  if (!targetLengths) {
    if (Number.isInteger(columns)) return (b) => ({ from: b * columns, length: columns });
    throw new ShapeError(
      `Cannot read "y": without "targetLengths" it must have shape [${B}, S], got ${y.length} elements`,
    );
  }
  if (targetLengths.length !== B) {
    throw new ShapeError(
      `Cannot read "targetLengths": expected ${B} elements, one a sequence, got ${targetLengths.length}`,
    );
  }
  const ends = Array.from(targetLengths, (length) => requireInteger("targetLengths", length, 0));
  for (let b = 1; b < B; b++) ends[b] += ends[b - 1];
  if (y.length === ends[B - 1]) return (b) => ({ from: ends[b] - targetLengths[b], length: targetLengths[b] });
  const longest = Math.max(...Array.from(targetLengths));
  if (Number.isInteger(columns) && columns >= longest) return (b) => ({ from: b * columns, length: targetLengths[b] });
  throw new ShapeError(
    `Cannot read "y": it must have ${
      ends[B - 1]
    } labels, or shape [${B}, S] with S >= ${longest}, got ${y.length} elements`,
  );
}

/**
 * @param steps The number of steps of the sequence.
 * @throws {ShapeError} When no path of so many steps has these labels: the loss would be infinite.
 */
function requireEnoughSteps(y: ArrayLike<number>, from: number, length: number, sequence: number, steps: number): void {
  let needed = length;
  for (let i = from + 1; i < from + length; i++) if (y[i] === y[i - 1]) needed++;
  if (needed <= steps) return;
  const repeats = needed === length ? "" : ` and blanks between ${needed - length} pairs of equal neighbours`;
  throw new ShapeError(
    `Cannot read "y": sample ${sequence} has ${length} labels${repeats}, expected at least ${needed} steps, got ` +
      `${steps}; with "zeroInfinity" of ctc, such a sample has loss 0`,
  );
}
