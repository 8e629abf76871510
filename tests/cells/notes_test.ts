/** Sentences of the lecture notes, as tests of the notes' cells and of the standard cells. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type Cell, compile, elman, gru, type Layer, lstm, recurrent, type Session } from "../../mod.ts";
import { notesGru, notesLstm } from "../../cells.ts";
import { Generator } from "../../src/random/generator.ts";

/** The last column of the input is 1, so its weights are biases: the notes' cells have no other biases. */
const I = 4, H = 5, B = 3, T = 12;

/** A bias that makes a gate 1, or with a minus sign 0, for all inputs. */
const OPEN = 100;

const random = new Generator(1), number = () => 2 * random.uniform() - 1;
const x = Float32Array.from({ length: T * B * I }, (_, i) => i % I === I - 1 ? 1 : number());
const h0 = Float32Array.from({ length: B * H }, number);
/** Weights of one block: `[H, I]` and `[H, H]`. */
const U = Float32Array.from({ length: H * I }, number), W = Float32Array.from({ length: H * H }, number);

/** The weights of a gate with a constant argument. */
const constantGate = (constant: number) =>
  Float32Array.from({ length: H * I }, (_, i) => i % I === I - 1 ? constant : 0);
const none = new Float32Array(H * H);

function session(layer: Layer): Promise<Session> {
  return compile(layer, { batch: B, steps: T, numerics: "exact" });
}

/** A layer of one cell whose two weights are these blocks. Biases are zero. */
async function withBlocks(cell: Cell, input: Float32Array[], state: Float32Array[]): Promise<Session> {
  const made = await session(recurrent(cell, { input: I, hidden: H }));
  const [first] = made.parameters().keys();
  made.setParameters(
    new Map([...made.parameters()].map(([name, { shape }]) => {
      const blocks = shape.length === 1 ? [new Float32Array(shape[0])] : name === first ? input : state;
      return [name, { shape, data: blocks.flatMap((block) => [...block]) }];
    })),
  );
  return made;
}

/** The outputs of a simple recurrent net with the weights U and W. */
async function vanilla(): Promise<Float32Array> {
  using net = await withBlocks(elman({ bias: false }), [U], [W]);
  return net.forward(x, { states: { h_l0: h0 } });
}

function assertNear(got: Float32Array, want: Float32Array): void {
  assertEquals(got.length, want.length);
  got.forEach((value, i) => assertAlmostEquals(value, want[i], 1e-5));
}

Deno.test('"A GRU has two gates, an LSTM has three gates."', () => {
  /** A weight has one block for the candidate, and one for every gate. */
  const gates = (cell: Cell): number => {
    const shapes = Object.values(cell.parameters(I, H)).map(({ shape }) => shape).filter((shape) => shape.length === 2);
    return shapes.reduce((sum, [rows, columns]) => sum + rows * columns, 0) / (H * (I + H)) - 1;
  };
  assertEquals(gates(elman()), 0);
  for (const cell of [gru(), gru({ reset: "before" }), notesGru()]) assertEquals(gates(cell), 2);
  for (const cell of [lstm(), notesLstm()]) assertEquals(gates(cell), 3);
  assertEquals(gates(lstm({ coupled: true })), 2);
});

Deno.test('"GRUs don\'t possess an internal memory that is different from the exposed hidden state."', () => {
  for (const cell of [gru(), notesGru()]) assertEquals(cell.states(H), { h: H });
  for (const cell of [lstm(), notesLstm()]) assertEquals(cell.states(H), { h: H, c: H });
});

Deno.test("\"Set the reset to all 1's and update gate to all 0's\" is the vanilla RNN if h = (1 - u) n + u h'", async () => {
  for (const reset of ["after", "before"] as const) {
    using net = await withBlocks(gru({ reset }), [constantGate(OPEN), constantGate(-OPEN), U], [none, none, W]);
    assertNear(net.forward(x, { states: { h_l0: h0 } }), await vanilla());
  }
});

Deno.test("in the notes' form, the vanilla RNN has reset 1 and update 1", async () => {
  using net = await withBlocks(notesGru(), [constantGate(OPEN), constantGate(OPEN), U], [none, none, W]);
  assertNear(net.forward(x, { states: { h_l0: h0 } }), await vanilla());
});

Deno.test("the notes' update gate freezes the state at 0, the standard update gate at 1", async () => {
  const frozen = Float32Array.from({ length: T * B * H }, (_, i) => h0[i % (B * H)]);
  using notes = await withBlocks(notesGru(), [constantGate(-OPEN), constantGate(OPEN), U], [none, none, W]);
  assertEquals(notes.forward(x, { states: { h_l0: h0 } }), frozen);
  using others = await withBlocks(gru(), [constantGate(OPEN), constantGate(OPEN), U], [none, none, W]);
  assertNear(others.forward(x, { states: { h_l0: h0 } }), frozen);
});

/** c after each of T steps, starting from zero. */
function cellStates(net: Session): number[][] {
  return Array.from({ length: T }, (_, t) => {
    net.forward(x.subarray(t * B * I, (t + 1) * B * I), { states: t ? "carry" : "zero" });
    return [...net.states().c_l0];
  });
}

Deno.test("the cell state of the standard LSTM counts without bound, that of the notes is between 0 and 1", async () => {
  for (const sign of [1, -1]) {
    const open = constantGate(OPEN), input = constantGate(sign * OPEN);
    using standard = await withBlocks(lstm(), [open, open, input, open], [none, none, none, none]);
    cellStates(standard).forEach((c, t) => c.forEach((value) => assertAlmostEquals(value, sign * (t + 1), 1e-5)));
    using printed = await withBlocks(notesLstm(), [open, open, open, input], [none, none, none, none]);
    assert(cellStates(printed).flat().every((value) => value > 0 && value < 1));
  }
});

Deno.test("with the printed equation an open forget gate does not keep the state", async () => {
  // i = 0, f = 1: the standard cell has c = c', the printed equation c = sigmoid(c'), which forgets the first c.
  const keep = [constantGate(-OPEN), constantGate(OPEN)], rest = [constantGate(OPEN), constantGate(OPEN)];
  const weights = [none, none, none, none],
    states = (c: number) => ({ h_l0: h0, c_l0: new Float32Array(B * H).fill(c) });
  using standard = await withBlocks(lstm(), [...keep, ...rest], weights);
  using printed = await withBlocks(notesLstm(), [...keep, ...rest], weights);
  const last = (net: Session, c: number): Float32Array => {
    net.forward(x, { states: states(c) });
    return net.states().c_l0;
  };
  assertEquals(last(standard, 3), new Float32Array(B * H).fill(3));
  assertNear(last(printed, 3), last(printed, -3));
});
