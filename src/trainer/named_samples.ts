import { OptionError, requireArray, ShapeError } from "../errors.ts";
import type { Arrays } from "../ops/value.ts";
import { requireKnown } from "../options.ts";
import type { Session } from "../session/session.ts";
import type { Batch, Layout } from "../training/data/batch.ts";
import { collate, flatSamples, type SampleRows, type Samples, stepsOf } from "../training/data/samples.ts";
import { naming } from "../training/losses/by_output.ts";
import { dataOf, inputsOf, joined, targetsOf } from "../training/data/tensors.ts";
import type { Metric, OutputOf } from "../training/metrics/metric.ts";
import { arranged, type SampleSource } from "./batches.ts";
import { outputOf } from "./evaluate.ts";

/** A list of samples; or several by name, of a net with several inputs or outputs. */
export type Named<All> = All | Readonly<Record<string, All>>;

/** Samples of a net with several inputs or outputs: see `SampleRows`. */
export interface NamedSamples {
  /** The samples of each input by its name. An input with one row for a sequence has a number or a list each. */
  readonly x: Named<SampleRows["x"] | ArrayLike<number>>;
  /** The targets of each output by its name. */
  readonly y: Named<SampleRows["y"]>;
  /** Weights of the targets of each output by its name. */
  readonly weights?: Named<NonNullable<SampleRows["weights"]>>;
}

const NAMES = { x: true, y: true, weights: true };

/**
 * Samples of a net with several inputs or outputs, for `fit` and `evaluate`: as `{ x, y }` of a net with one of each.
 * The sequences of a sample have as many steps as each other.
 *
 * @example
 * ```ts
 * import { compile, dense, fit, gru, recurrent, sgd, squaredError } from "@unroll/rnn";
 * import { concat, graph, namedSamples, values } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const net = graph({
 *   inputs: { x: values(1), age: values(1, { steps: "one" }) },
 *   layers: {
 *     rnn: [recurrent(gru(), { input: 1, hidden: 4, output: "last" }), "x"],
 *     both: [concat(), "rnn", "age"],
 *     y: [dense(5, 1), "both"],
 *   },
 *   outputs: "y",
 * });
 * const session = await compile(net, { batch: 2, steps: 3, loss: squaredError(), optimizer: sgd() });
 * const data = namedSamples({ x: { x: [[1, 2], [3, 4, 5]], age: [0.1, 0.2] }, y: [0, 1] });
 * assertEquals((await fit(session, data, { epochs: 2 })).epochs.length, 2);
 * session.dispose();
 * ```
 */
export function namedSamples(samples: NamedSamples): SampleSource {
  requireKnown("samples", NAMES, samples);
  return {
    source(session: Session, { longest, ...arrangement }) {
      const columns = columnsOf(samples, session.layout), most = session.layout.longest;
      let steps: Int32Array | undefined;
      for (const { samples, layout, isOne, of } of columns) {
        const own = naming(of, () => stepsOf(samples, layout, isOne ? 1 : Math.min(longest, most)));
        const known = steps ?? own, [n, got] = [known.length, own.length];
        if (n !== got) throw refused("samples", `the first input has ${n}, ${of} has ${got}`);
        if (isOne) continue;
        const i = own.findIndex((T, i) => T !== known[i]);
        if (i >= 0) throw refused(`sample ${i}`, `all must have ${known[i]} steps, ${of} has ${own[i]}`);
        steps = own;
      }
      const all = steps ?? new Int32Array(columns[0].samples.x.length).fill(1);
      return arranged(all, arrangement, (members) => collateAll(columns, members, all));
    },
  };
}

function refused(what: string, reason: string): ShapeError {
  return new ShapeError(`Cannot read ${what}: ${reason}`);
}

/** One input or the targets of one output, as the samples of a net that has no others. */
interface Column {
  /** Whether the samples are those of an input. */
  readonly isInput: boolean;
  readonly name: string | undefined;
  /** What errors call the samples. */
  readonly of: string;
  /** Whether the input has one row for a sequence. */
  readonly isOne: boolean;
  readonly samples: Samples;
  readonly layout: Layout;
}

/** The samples of each input, those with steps first; then those of each output beside an input with steps. */
function columnsOf({ x, y, weights }: NamedSamples, layout: Layout): Column[] {
  const inputs = inputsOf(layout), outputs = targetsOf(layout);
  for (const [name, data, all] of [["x", x, inputs], ["y", y, outputs], ["weights", weights ?? {}, outputs]] as const) {
    if (all[0][0] !== undefined) requireKnown(`"${name}"`, Object.fromEntries(all.map(([key]) => [key, true])), data);
  }
  const ofInputs = inputs.map(([name, { isOne = false, ...own }]): Column => {
    const of = `input "${name ?? "x"}"`, given = requireArray(of, dataOf(x, name)) as SampleRows["x"];
    const rows = isOne ? Array.from(given, (row) => typeof row === "number" ? [row] : row) : given;
    const samples = naming(of, () => flatSamples({ x: rows, y: new Float64Array(rows.length) }));
    return { isInput: true, name, of, isOne, samples, layout: { ...layout, ...own, targets: "sequence", output: 1 } };
  });
  ofInputs.sort((a, b) => Number(a.isOne) - Number(b.isOne)); // stable
  const [first] = ofInputs;
  return [
    ...ofInputs,
    ...outputs.map(([name, own]): Column => {
      const of = `output "${name ?? "y"}"`, net = layout.net!, { kind, columns } = first.layout;
      const { x } = first.samples, own_ = { x, y: dataOf(y, name), weights: dataOf(weights, name) };
      const samples = naming(of, () => flatSamples(own_ as SampleRows));
      const output = name === undefined ? net.output : net.output.named![name];
      return {
        isInput: false,
        name,
        of,
        isOne: first.isOne,
        samples,
        layout: { ...layout, kind, columns, ...own, net: { ...net, output } },
      };
    }),
  ];
}

function collateAll(columns: readonly Column[], members: readonly number[], steps: Int32Array): Batch<Arrays> {
  const ones = new Int32Array(steps.length).fill(1);
  const all = columns.map(({ samples, layout, isOne, name, isInput }) => {
    return { name, isInput, batch: collate(samples, members, isOne ? ones : steps, layout) };
  });
  const { lengths, batch } = all[0].batch, targets = all.filter(({ isInput }) => !isInput);
  const part = (key: "y" | "weights" | "targetLengths") => {
    const entries = targets.map(({ name, batch }) => [name, batch[key]] as const).filter(([, data]) => data);
    return entries.length ? joined(entries) as Arrays : undefined;
  };
  const inputs = all.filter(({ isInput }) => isInput).map(({ name, batch }) => [name, batch.x] as const);
  return {
    x: joined(inputs),
    y: part("y")!,
    weights: part("weights"),
    targetLengths: part("targetLengths"),
    lengths,
    batch,
  };
}

/**
 * A metric of one of several outputs: `{ metrics: { right: ofOutput("tags", accuracy()) } }`.
 *
 * @example
 * ```ts
 * import { accuracy } from "@unroll/rnn/metrics";
 * import { ofOutput } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ofOutput("tags", accuracy()).better, "higher");
 * ```
 */
export function ofOutput<Value>(name: string, metric: Metric<Value>): Metric<Value> {
  return {
    ...metric,
    read(session, batch): OutputOf {
      const { layout, output } = session as Session, own = targetsOf(layout).find(([own]) => own === name)?.[1];
      if (!own) throw new OptionError(`Cannot measure output "${name}": the net has no such output`);
      const data = dataOf(output.call(session) as Arrays, name) as Float32Array;
      const part = { ...batch, y: dataOf(batch.y, name), weights: dataOf(batch.weights, name) } as Batch;
      const net = { ...layout.net!, output: layout.net!.output.named![name] };
      return outputOf(session as Session, part, data, { ...layout, ...own, net });
    },
  };
}
