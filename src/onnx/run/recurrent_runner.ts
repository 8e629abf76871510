import { ShapeError } from "../../errors.ts";
import type { Numerics } from "../../kernels/load.ts";
import { recurrent } from "../../layers/recurrent.ts";
import { compile } from "../../session/compile.ts";
import type { Session } from "../../session/session.ts";
import type { Inputs } from "./operators/operator.ts";
import { transposed } from "./operators/strides.ts";
import { type RecurrentForm, type RecurrentInputs, recurrentInputs } from "./recurrent_node.ts";
import { allocate, type OnnxTensor, tensor } from "../format/tensor.ts";

/** A compiled direction, and the tensors that its parameters were made of. */
interface Direction {
  readonly session: Session;
  readonly cell: string;
  readonly sources: readonly (OnnxTensor | undefined)[];
}

/**
 * Runs a recurrent node: one session for each direction, compiled at the first call and again where a call is larger. The
 * direction against time runs on rows that are turned around, each within its own length.
 */
export class RecurrentRun implements Disposable {
  readonly #form: RecurrentForm;
  readonly #numerics: Numerics;
  readonly #directions: (Direction | undefined)[] = [];

  constructor(form: RecurrentForm, numerics: Numerics) {
    this.#form = form;
    this.#numerics = numerics;
  }

  /**
   * Y, Y_h and, of an LSTM, Y_c. Behind a row's length Y is zero. Of a row of length 0 all is zero, as onnxruntime has it.
   *
   * @throws {ShapeError} When the inputs do not fit together.
   */
  async run(inputs: Inputs): Promise<OnnxTensor[]> {
    const form = this.#form, sizes = recurrentInputs(form, inputs), { T, B, I, H } = sizes, D = form.directions.length;
    const { type } = inputs[0]!, lengths = rowLengths(inputs[4], T, B);
    const outer = (x: OnnxTensor) => form.batchFirst ? transposed(x, [1, 0, 2]) : x;
    const x = outer(inputs[0]!).data;
    // A row of length 0 takes no part; sessions want at least one step.
    const rows = [...lengths.keys()].filter((b) => lengths[b] > 0), n = rows.length;
    const Y = allocate("float", T * D * B * H);
    const names = form.operator === "LSTM" ? ["h", "c"] : ["h"];
    const states = names.map((_, i) => {
      const given = inputs[5 + i];
      return given ? Float32Array.from(outer(given).data) : new Float32Array(D * B * H);
    });
    for (const state of states) {
      for (let i = 0; i < D * B; i++) if (!lengths[i % B]) state.fill(0, i * H, (i + 1) * H);
    }
    for (let d = 0; n && d < D; d++) {
      const session = await this.#session(d, sizes, inputs), turn = form.directions[d];
      const step = (t: number, b: number) => turn && t < lengths[b] ? lengths[b] - 1 - t : t;
      const own = new Float32Array(T * n * I);
      for (let t = 0; t < T; t++) {
        rows.forEach((b, r) => {
          const from = (step(t, b) * B + b) * I;
          own.set(x.subarray(from, from + I), (t * n + r) * I);
        });
      }
      const block = (state: Float32Array, b: number) => state.subarray((d * B + b) * H, (d * B + b + 1) * H);
      const initial = names.map((name, i): [string, Float32Array] => {
        const gathered = new Float32Array(n * H);
        rows.forEach((b, r) => gathered.set(block(states[i], b), r * H));
        return [`${name}_l0`, gathered];
      });
      const y = session.forward(own, {
        batch: n,
        states: Object.fromEntries(initial),
        lengths: rows.map((b) => lengths[b]),
      });
      for (let t = 0; t < T; t++) {
        rows.forEach((b, r) => {
          if (t >= lengths[b]) return;
          Y.set(y.subarray((t * n + r) * H, (t * n + r + 1) * H), ((step(t, b) * D + d) * B + b) * H);
        });
      }
      const last = session.states();
      names.forEach((name, i) =>
        rows.forEach((b, r) => block(states[i], b).set(last[`${name}_l0`].subarray(r * H, (r + 1) * H)))
      );
    }
    const output = tensor(type, [T, D, B, H], Y);
    const ends = states.map((state) => outer(tensor(type, [D, B, H], state)));
    return [form.batchFirst ? transposed(output, [2, 0, 1, 3]) : output, ...ends];
  }

  /** The session of a direction, large enough, with the node's parameters. */
  async #session(d: number, { T, B, I, H, cells, parameters }: RecurrentInputs, inputs: Inputs): Promise<Session> {
    const sources = [1, 2, 3, 7].map((i) => inputs[i]), old = this.#directions[d], cell = cells[d];
    const large = old && old.cell === cell.name && old.session.batch >= B && old.session.steps >= T;
    const same = (other: readonly unknown[]) => sources.every((source, i) => source === other[i]);
    if (large && same(old.sources)) return old.session;
    let session = large ? old.session : undefined;
    const wanted = new Map(Object.entries(parameters[d]).map(([name, tensor]) => [`${name}_l0`, tensor]));
    if (
      !session || [...session.parameters()].some(([name, { shape }]) => wanted.get(name)?.shape.join() !== shape.join())
    ) {
      const net = recurrent(cell, { input: I, hidden: H });
      const batch = Math.max(B, old?.session.batch ?? 1), steps = Math.max(T, old?.session.steps ?? 1);
      session = await compile(net, { batch, steps, numerics: this.#numerics });
    }
    session.setParameters(wanted);
    if (session !== old?.session) old?.session[Symbol.dispose]();
    this.#directions[d] = { session, cell: cell.name, sources };
    return session;
  }

  [Symbol.dispose](): void {
    for (const direction of this.#directions.splice(0)) direction?.session[Symbol.dispose]();
  }
}

/** The length of each row, by default T. */
function rowLengths(given: OnnxTensor | undefined, T: number, B: number): number[] {
  const lengths = given ? [...given.data] : new Array<number>(B).fill(T);
  const wrong = lengths.find((length) => !Number.isInteger(length) || length < 0 || length > T);
  if (wrong === undefined) return lengths;
  throw new ShapeError(`sequence_lens must be from 0 to ${T}, got ${wrong}`);
}
