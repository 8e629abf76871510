import { OptionError, requireArray, requireNumber, ShapeError } from "../../errors.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import type { Scope } from "../../memory/scope.ts";
import type { Slot } from "../../memory/slot.ts";
import { type BatchShape, shapeOf, type Value } from "../../ops/value.ts";
import { requireKnown } from "../../options.ts";
import { type Loss, loss as checkLoss, type PlannedLoss, type Targets } from "./loss.ts";

/** The loss of each output by its name; or the loss and its weight, by default 1. */
export type OutputLosses = Readonly<Record<string, Loss | readonly [loss: Loss, weight: number]>>;

/**
 * The loss of a net with several outputs: the sum of the losses of the outputs, each times its weight. Targets and
 * weights of targets are given by the names of the outputs, as in `step({ x, y: { tags, score } })`, and
 * `session.losses` returns those of each output by its name, not weighted.
 *
 * A mean is taken over the targets of each output alone. The `count` of a part of a batch is the number of all its
 * targets; so the parts of a batch make the loss of the batch when all parts have the outputs' targets in one ratio.
 *
 * @throws {OptionError} When a loss is none, a weight is not a finite number, or the losses have different reductions.
 *
 * @example
 * ```ts
 * import { compile, crossEntropy, dense, sgd, squaredError } from "@unroll/rnn";
 * import { graph, values } from "@unroll/rnn/layers";
 * import { lossByOutput } from "@unroll/rnn/losses";
 * import { assert } from "@std/assert";
 *
 * const net = graph({
 *   inputs: { x: values(2) },
 *   layers: { kind: [dense(2, 3), "x"], size: [dense(2, 1), "x"] },
 *   outputs: ["kind", "size"],
 * });
 * const loss = lossByOutput({ kind: crossEntropy(), size: [squaredError(), 0.5] });
 * const session = await compile(net, { batch: 1, steps: 1, loss, optimizer: sgd() });
 * assert(session.step({ x: [1, 2], y: { kind: [2], size: [0.3] } }).loss > 0);
 * session.dispose();
 * ```
 */
export function lossByOutput(losses: OutputLosses): Loss {
  if (typeof losses !== "object" || !losses || !Object.keys(losses).length) {
    throw new OptionError(`"losses" must have the loss of each output by its name`);
  }
  const all = Object.entries(losses).map(([name, given]) => {
    const [own, weight] = Array.isArray(given) ? given : [given, 1];
    return { name, loss: checkLoss(name, own), weight: requireNumber(`weight of ${name}`, weight) };
  });
  return {
    name: all.map(({ name, loss, weight }) => `${weight} ${loss.name} of ${name}`).join(" + "),
    targets: all.some(({ loss }) => loss.targets === "sequence") ? "sequence" : "step",
    byOutput: true,
    plan(scope, { named }) {
      if (!named) throw new OptionError("Cannot measure a loss: lossByOutput() is for a net with several outputs");
      const missing = Object.keys(named).find((name) => !Object.hasOwn(losses, name));
      requireKnown("the losses by output", named, losses);
      if (missing !== undefined) throw new ShapeError(`Cannot measure a loss: "losses" must have one for "${missing}"`);
      return planned(scope, all.map((one) => planOne(scope, one, named[one.name])));
    },
  };
}

/** The loss of one output. */
interface One {
  readonly name: string;
  readonly output: Value;
  readonly loss: PlannedLoss;
  readonly weight: number;
  /** The weight in memory, and the weight of a single loss in the sum of all. */
  readonly factor: Slot;
  readonly share: Slot;
  /** The weight of the targets of the last checked call. */
  count: number;
}

function planOne(
  scope: Scope,
  { name, loss, weight }: { name: string; loss: Loss; weight: number },
  output: Value,
): One {
  const inner = scope.within(`loss of ${name}, `);
  const factor = inner.constant("weight", [weight]), share = inner.derived("share", 1, 1);
  return { name, output, loss: loss.plan(inner, output), weight, factor, share, count: 0 };
}

function planned(scope: Scope, all: readonly One[]): PlannedLoss {
  const [{ loss: { reduction } }] = all, total = scope.activation("total loss", 1, 1);
  if (all.some(({ loss }) => loss.reduction !== reduction)) {
    throw new OptionError("Cannot add losses of different reductions: all must take the mean, or all the sum");
  }
  return {
    targets: all.some(({ loss }) => loss.targets === "sequence") ? "sequence" : "step",
    reduction,
    of: Object.fromEntries(all.map(({ name, loss }) => [name, loss])),
    total,
    // One weight for each row of an output, or for each sequence, and the lengths of labels.
    elements: all.reduce(
      (sum, { loss, output: { value: { rows }, width } }) => sum + (loss.elements ?? rows * width) + rows + scope.batch,
      0,
    ),
    check(targets, rows) {
      const names = Object.fromEntries(all.map(({ name }) => [name, true]));
      const { y, weights, targetLengths } = targets;
      for (const [what, given] of Object.entries({ y, weights, targetLengths })) {
        if (isNamed(given)) requireKnown(`"${what}"`, names, given);
      }
      const counts = all.map((one) =>
        naming(`output "${one.name}"`, () => one.loss.check(targetsOf(targets, one), rows.of(one.output)))
      );
      all.forEach((one, i) => one.count = counts[i]);
      return counts.reduce((sum, count) => sum + count);
    },
    write(targets, rows, count) {
      for (const one of all) {
        const { loss, output, weight, share, count: own } = one;
        const reduced = count !== undefined && reduction === "mean";
        loss.write(targetsOf(targets, one), rows.of(output), reduced ? own : undefined);
        // What `reduce` of the loss would multiply by: 1 / the number of elements that count.
        const unit = own ? loss.reduce(1, own) : 0;
        rows.floats(share.address, 1)[0] = weight * (reduced ? unit : 1);
      }
    },
    forward(k, shape, gradient) {
      k.zero(total.address, 1, 1, 1);
      for (const one of all) forward(k, one, shape, gradient, total);
    },
    reduce: (total) => total,
    read: (rows) => Object.fromEntries(all.map(({ name, loss, output }) => [name, loss.read(rows.of(output))])),
  } as PlannedLoss;
}

function forward(k: Kernels, one: One, call: BatchShape, gradient: boolean, total: Slot): void {
  const { output, loss, weight, factor, share } = one, shape = shapeOf(output, call), dy = output.gradient;
  const { offset = 0, totalSteps = call.T } = call as BatchShape & { offset?: number; totalSteps?: number };
  if (output.steps === "one" && offset + call.T < totalSteps) {
    // The segments of a sequence have their only output in the last one.
    return k.zero(dy!.address, call.B, dy!.columns, dy!.stride);
  }
  loss.forward(k, shape, gradient);
  k.multiplyAdd(total.address, loss.total.address, share.address, 1, 1, 1, 1, 1);
  if (!gradient || weight === 1) return;
  const { address, columns, stride } = dy!;
  k.scaleRows(address, factor.address, address, shape.T * shape.B, columns, stride, 0, stride, 0);
}

/** Whether arrays are given by the names of the outputs. */
function isNamed(given: unknown): given is Record<string, ArrayLike<number>> {
  return typeof given === "object" && given !== null && typeof (given as ArrayLike<number>).length !== "number";
}

/** The targets of one output. */
function targetsOf(targets: Targets, { name }: Pick<One, "name">): Targets {
  const of = (given: unknown) => isNamed(given) ? given[name] : given;
  const { y, weights, targetLengths } = targets;
  if (!isNamed(y)) {
    throw new ShapeError(`Cannot read "y": expected the targets of each output by its name, got an array`);
  }
  return { y: requireArray("y", of(y)), weights: of(weights), targetLengths: of(targetLengths) } as Targets;
}

/** Run f; its errors say what they are about. */
export function naming<Result>(what: string, f: () => Result): Result {
  try {
    return f();
  } catch (error) {
    if (error instanceof ShapeError || error instanceof OptionError) error.message += ` (${what})`;
    throw error;
  }
}
