/** Options of cells: one kernel an operation equals the fused kernels; wrong options are refused. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Activation,
  type Cell,
  compile,
  elman,
  gru,
  type Layer,
  lstm,
  type LstmOptions,
  OptionError,
  recurrent,
  type Session,
  type TensorCopy,
} from "../../mod.ts";
import { distance } from "../support/rounding.ts";
import { assertSame, draw, pass, type Results } from "../support/cells/trial.ts";
import { VARIANTS } from "../support/cells/variants.ts";

const T = 6, B = 5, I = 3, H = 9;

function layers(cell: Cell): Layer {
  return recurrent(cell, { input: I, hidden: H, layers: 2 });
}

function session(cell: Cell): Promise<Session> {
  return compile(layers(cell), { batch: B, steps: T, train: true, seed: 3, numerics: "exact" });
}

/** The results of a pass, with the seed's parameters or with these. */
async function results(cell: Cell, parameters?: ReadonlyMap<string, TensorCopy>): Promise<Results> {
  using made = await session(cell);
  if (parameters) made.setParameters(parameters);
  return pass(made, draw(layers(cell), { T, B }, 4), B);
}

/** A clip that clamps nothing, but makes the cell run one kernel an operation. */
const clip = 1e30;

const PAIRS: Record<string, [fused: Cell, composed: Cell]> = {
  "elman": [elman(), elman({ clip })],
  "elman, relu": [elman({ activation: "relu" }), elman({ activation: "relu", clip })],
  "elman, identity": [elman({ activation: "identity" }), elman({ activation: "identity", clip })],
  "lstm": [lstm(), lstm({ clip })],
  "lstm, projection, no biases": [lstm({ projection: 4, bias: false }), lstm({ projection: 4, bias: false, clip })],
  "gru, reset after": [gru(), gru({ clip })],
  "gru, reset after, no biases": [gru({ bias: false }), gru({ bias: false, clip })],
  "gru, reset before": [gru({ reset: "before" }), gru({ reset: "before", clip })],
};

for (const [name, [fused, composed]] of Object.entries(PAIRS)) {
  Deno.test(`${name}: fused == composed, outputs, states and all gradients`, async () => {
    assertSame(await results(composed), await results(fused), name);
  });
}

Deno.test("peepholes of zeros == no peepholes", async () => {
  const plain = await results(lstm({ clip }));
  using other = await session(lstm({ peepholes: true }));
  const zeroed = [...other.parameters()].map(([name, { shape, data }]): [string, TensorCopy] => {
    return [name, { shape, data: name.includes("peephole") ? new Float32Array(data.length) : data }];
  });
  using seeded = await session(lstm());
  const seeds = seeded.parameters();
  const parameters = new Map(zeroed.map(([name, tensor]) => [name, seeds.get(name) ?? tensor]));
  const got = await results(lstm({ peepholes: true }), parameters);
  for (const layer of [0, 1]) {
    assert(got[`gradient weight_peephole_l${layer}`].every((value) => value !== 0));
    delete got[`gradient weight_peephole_l${layer}`];
  }
  assertSame(got, plain, "peepholes");
});

Deno.test("a coupled forget gate is 1 - i: near an LSTM whose f has the weights of i with the other sign", async () => {
  using coupled = await session(lstm({ coupled: true }));
  const igo = coupled.parameters(), ifgo = new Map<string, TensorCopy>();
  for (const [name, { shape, data }] of igo) {
    const size = data.length / 3, i = data.subarray(0, size);
    const blocks = [...i, ...i.map((value) => -value), ...data.subarray(size)];
    ifgo.set(name, { shape: [4 * H, ...shape.slice(1)], data: Float32Array.from(blocks) });
  }
  const got = await results(lstm({ coupled: true }), igo), want = await results(lstm(), ifgo);
  for (const [name, tensor] of Object.entries(want)) {
    // The gradient of block i is the gradient of blocks i and f of the other cell.
    const folded = name.startsWith("gradient") ? fold(tensor) : tensor;
    assert(distance(got[name], folded) < 1e-5, name);
  }
});

/** Blocks i, f, g, o as i - f, g, o. */
function fold(tensor: Float32Array): Float32Array {
  const size = tensor.length / 4;
  return Float32Array.from(
    { length: 3 * size },
    (_, at) => at < size ? tensor[at] - tensor[at + size] : tensor[at + size],
  );
}

Deno.test("cells of different equations or parameters have different names", () => {
  const cells = [
    ...Object.values(VARIANTS).map((cell) => cell()),
    ...Object.values(PAIRS).flat(),
    lstm({ clip: 1 }),
    lstm({ clip: 2 }),
    lstm({ projection: 5 }),
    lstm({ activations: { gates: "hardSigmoid" } }),
    lstm({ activations: { gates: { name: "hardSigmoid", alpha: 0.25 } } }),
    lstm({ activations: { cell: "relu" } }),
    lstm({ activations: { hidden: "relu" } }),
    gru({ activations: { candidate: "relu" } }),
    elman({ activation: "sigmoid" }),
    elman({ bias: false }),
  ];
  const names = cells.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length, names.toSorted().join("\n"));
  assertEquals(lstm({ activations: { gates: "sigmoid", cell: "tanh", hidden: { name: "tanh" } } }).name, "lstm");
  assertEquals(gru({ activations: { gates: "sigmoid" }, reset: "before" }).name, "gru-reset-before");
  assertEquals(elman({ activation: { name: "relu" } }).name, "elman-relu");
  const everything: LstmOptions = { peepholes: true, coupled: true, clip: 3, projection: 2, bias: false };
  assertEquals(lstm(everything).name, "lstm-peepholes-coupled-clip-3-projection-2-no-bias");
});

Deno.test("a cell refuses wrong options", () => {
  const unknown = "gelu" as Activation;
  const refused: [make: () => Cell, words: string][] = [
    [() => elman({ activation: unknown }), '"activation" must be one of'],
    [() => elman({ clip: 0 }), '"clip" must be a finite number > 0, got 0'],
    [() => gru({ reset: "never" as "after" }), '"reset"'],
    [() => gru({ clip: NaN }), '"clip"'],
    [() => gru({ activations: { candidate: unknown } }), '"activations.candidate" must be one of'],
    [() => lstm({ projection: 0 }), '"projection" must be an integer >= 1, got 0'],
    [() => lstm({ clip: Infinity }), '"clip"'],
    [() => lstm({ activations: { gates: unknown } }), '"activations.gates" must be one of'],
    [
      () => lstm({ activations: { cell: { name: "tanh", alpha: 1 } } }),
      '"activations.cell" has no "alpha": it is tanh',
    ],
    [() => lstm({ activations: { cell: { name: "elu", alpha: NaN } } }), '"alpha" must be a finite number, got NaN'],
    [() => lstm({ activations: { cell: { name: "elu", beta: 1 } } }), 'has no "beta"'],
  ];
  for (const [make, words] of refused) assertThrows(make, OptionError, words);
});
