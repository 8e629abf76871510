import { assertEquals } from "@std/assert";
import { type Cell, compile, elman, gru, lstm, type Numerics, recurrent, type States } from "../../mod.ts";
import { compileReference } from "../../src/models/compile_reference.ts";
import { assertClose, type Case, type CaseTensors, readCases } from "../fixtures/read_cases.ts";

const CELLS: Record<string, () => Cell> = {
  RNN_TANH: () => elman(),
  RNN_RELU: () => elman({ activation: "relu" }),
  LSTM: () => lstm(),
  GRU: () => gru(),
};

for (const test of readCases().filter((c) => c.kind === "rnn_layer" && c.config.bias)) {
  for (const numerics of ["fast", "exact", "f64"] as const) {
    Deno.test(`PyTorch ${test.name}, ${numerics}: outputs, states and all gradients`, async () => {
      await check(test, numerics);
    });
  }
}

async function check(test: Case, numerics: Numerics | "f64"): Promise<void> {
  const { config, tolerance } = test, tensors = test.tensors();
  const { input_size: input, hidden_size: hidden, num_layers: layers, batch, seq_len: steps } = config;
  const net = recurrent(CELLS[config.mode](), { input, hidden, layers });
  const options = { batch, steps, train: true };
  using session = numerics === "f64"
    ? compileReference(net, options, "f64")
    : await compile(net, { ...options, numerics });
  const names = [...session.parameters().keys()];
  session.setParameters(
    new Map(names.map((name) => [name, { shape: tensors.shape(name), data: tensors.floats(name) }])),
  );
  const kinds = config.mode === "LSTM" ? ["h", "c"] : ["h"];
  const split = (prefix: string, suffix = "") => states(tensors, kinds, prefix, suffix, layers);

  const output = session.forward(tensors.floats("x"), {
    states: config.initial_state === "given" ? split("", "0") : "zero",
  });
  assertClose(output, tensors.floats("output"), tolerance, "output");
  compareStates(session.states(), split("", "_n"), tolerance, "last state");

  const { dx, dStates } = session.backward(tensors.floats("dY"), split("d", "_n"));
  assertClose(dx!, tensors.floats("grad.x"), tolerance, "grad.x");
  if (config.initial_state === "given") {
    compareStates(dStates, split("grad.", "0"), tolerance, "gradient of first state");
  }
  const gradients = session.gradients();
  assertEquals(
    [...gradients.keys()].toSorted(),
    tensors.names("grad.").filter((n) => /weight|bias/.test(n)).toSorted(),
  );
  for (const [name, { shape, data }] of gradients) {
    assertEquals(shape, tensors.shape(`grad.${name}`));
    assertClose(data, tensors.floats(`grad.${name}`), tolerance, `grad.${name}`);
  }
}

/** PyTorch's `[layers, B, H]` states, one array a layer. */
function states(tensors: CaseTensors, kinds: string[], prefix: string, suffix: string, layers: number): States {
  const result: States = {};
  for (const kind of kinds) {
    const all = tensors.floats(prefix + kind + suffix), size = all.length / layers;
    for (let l = 0; l < layers; l++) result[`${kind}_l${l}`] = all.slice(l * size, (l + 1) * size);
  }
  return result;
}

function compareStates(got: States, want: States, tolerance: { atol: number; rtol: number }, what: string): void {
  assertEquals(Object.keys(got).toSorted(), Object.keys(want).toSorted());
  for (const name in want) assertClose(got[name], want[name], tolerance, `${what} ${name}`);
}
