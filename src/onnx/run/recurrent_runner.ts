import { ShapeError } from "../../errors.ts";
import type { Budget } from "../../formats/limits.ts";
import type { KernelOptions } from "../../kernels/load.ts";
import { recurrent } from "../../layers/recurrent.ts";
import { compile } from "../../session/compile.ts";
import type { Session } from "../../session/session.ts";
import { allocate, type Inputs, type OnnxTensor, tensor } from "../format/tensor.ts";
import { transposed } from "./operators/strides.ts";
import { type RecurrentInputs, recurrentInputs, type RecurrentNode, withData } from "./recurrent_node.ts";

/** A compiled direction of a node. */
interface Direction {
  readonly session: Session;
  /** The name of the cell. */
  readonly cell: string;
  /** The input tensors from which the parameters of the session were set. */
  readonly sources: readonly (OnnxTensor | undefined)[];
}

/**
 * Runs a recurrent node with one session for each direction. A session is compiled at the first call, and again when a
 * call is larger. The reverse direction runs on reversed rows; each row is reversed within its own length.
 */
export class RecurrentRunner {
  readonly #node: RecurrentNode;
  readonly #kernels: KernelOptions;
  readonly #directions: (Direction | undefined)[] = [];

  constructor(node: RecurrentNode, kernels: KernelOptions) {
    this.#node = node;
    this.#kernels = kernels;
  }

  /**
   * Computes Y, Y_h and, for an LSTM, Y_c. Y is zero behind the length of a row. All outputs of a row of length 0 are
   * zero, as in onnxruntime.
   *
   * @throws {ShapeError} When the shapes of the inputs do not fit together.
   * @param budget What the call may take. Default: everything.
   * @throws {FormatError} When the call takes more than the budget has.
   */
  async run(inputs: Inputs, budget?: Budget): Promise<OnnxTensor[]> {
    const node = this.#node;
    const checked = recurrentInputs(node, inputs);
    const { T, B, I, H } = checked;
    const D = node.directions.length;
    // The rows of inputs, gates and outputs, and one byte for 16 multiplications; then all copies of the weights.
    budget?.spend(T * B * D * (32 * (H + I + 8) + H * (H + I) / 4) + 64 * D * H * (H + I));
    const { type } = inputs[0]!;
    const lengths = rowLengths(inputs[4], T, B);
    /** Between the layout of the node and the time-major one; its own inverse. */
    const swapped = (x: OnnxTensor) => node.batchFirst ? transposed(x, [1, 0, 2]) : x;
    const x = swapped(inputs[0]!).data;
    // Rows of length 0 are left out: a session needs at least one step.
    const rows = [...lengths.keys()].filter((b) => lengths[b] > 0), n = rows.length;
    const Y = allocate("float", [T, D, B, H]);
    const names = node.operator === "LSTM" ? ["h", "c"] : ["h"];
    const states = names.map((_, i) => {
      const initial = inputs[5 + i];
      return initial ? Float32Array.from(swapped(initial).data) : new Float32Array(D * B * H);
    });
    for (const state of states) {
      for (let i = 0; i < D * B; i++) if (!lengths[i % B]) state.fill(0, i * H, (i + 1) * H);
    }
    for (let d = 0; n && d < D; d++) {
      const session = await this.#session(d, checked, inputs);
      const reverse = node.directions[d];
      const step = (t: number, b: number) => reverse && t < lengths[b] ? lengths[b] - 1 - t : t;
      const ordered = new Float32Array(T * n * I);
      for (let t = 0; t < T; t++) {
        rows.forEach((b, r) => {
          const from = (step(t, b) * B + b) * I;
          ordered.set(x.subarray(from, from + I), (t * n + r) * I);
        });
      }
      const block = (state: Float32Array, b: number) => state.subarray((d * B + b) * H, (d * B + b + 1) * H);
      const initial = names.map((name, i): [string, Float32Array] => {
        const gathered = new Float32Array(n * H);
        rows.forEach((b, r) => gathered.set(block(states[i], b), r * H));
        return [`${name}_l0`, gathered];
      });
      const y = session.forward(ordered, {
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
    const finalStates = states.map((state) => swapped(tensor(type, [D, B, H], state)));
    return [node.batchFirst ? transposed(output, [2, 0, 1, 3]) : output, ...finalStates];
  }

  /** A session for a direction, large enough for the call and with the parameters of the node. */
  async #session(d: number, { T, B, I, H, cells, parameters }: RecurrentInputs, inputs: Inputs): Promise<Session> {
    const sources = [1, 2, 3, 7].map((i) => inputs[i]); // W, R, B and P
    const old = this.#directions[d];
    const cell = cells[d];
    const large = old && old.cell === cell.name && old.session.batch >= B && old.session.steps >= T;
    const same = (other: readonly unknown[]) => sources.every((source, i) => source === other[i]);
    if (large && same(old.sources)) return old.session;
    let session = large ? old.session : undefined;
    const wanted = new Map(Object.entries(withData(parameters(d))).map(([name, tensor]) => [`${name}_l0`, tensor]));
    if (
      !session || [...session.parameters()].some(([name, { shape }]) => wanted.get(name)?.shape.join() !== shape.join())
    ) {
      const net = recurrent(cell, { input: I, hidden: H });
      const batch = Math.max(B, old?.session.batch ?? 1), steps = Math.max(T, old?.session.steps ?? 1);
      session = await compile(net, { batch, steps, ...this.#kernels });
    }
    session.setParameters(wanted);
    if (session !== old?.session) old?.session.dispose();
    this.#directions[d] = { session, cell: cell.name, sources };
    return session;
  }

  dispose(): void {
    for (const direction of this.#directions.splice(0)) direction?.session.dispose();
  }
}

/** The length of each row, from the input sequence_lens. Default: T. */
function rowLengths(input: OnnxTensor | undefined, T: number, B: number): number[] {
  const lengths = input ? [...input.data] : new Array<number>(B).fill(T);
  const wrong = lengths.find((length) => !Number.isInteger(length) || length < 0 || length > T);
  if (wrong === undefined) return lengths;
  throw new ShapeError(`sequence_lens must be from 0 to ${T}, got ${wrong}`);
}
