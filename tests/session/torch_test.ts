import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import {
  compile,
  crossEntropy,
  dense,
  elman,
  embedding,
  floats,
  gru,
  lstm,
  readSafetensors,
  recurrent,
  sequential,
  type Session,
  sgd,
  type Tensor,
  writeSafetensors,
} from "../../mod.ts";
import { assertClose } from "../support/conformance/read_cases.ts";
import { findPython, runPython } from "../support/python.ts";

/**
 * Outputs of order 1, in f32 against float64: the largest difference of all cases is 9e-8. A weight of f16 rounded to a
 * wrong neighbour would be off by 2^-11, of bf16 by 2^-8.
 */
const TOLERANCE = { atol: 1e-6, rtol: 1e-6 };

/** Names of the user's, ours. */
const RENAME = { "tagger.encoder.": "embedding.", "tagger.body.": "rnn.", "tagger.head.": "decoder." };

const python = await findPython(["torch", "safetensors"]);
const folder = new URL(`file://${await Deno.makeTempDir()}/`);
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

interface Options {
  readonly mode: "RNN" | "GRU" | "LSTM";
  readonly dtype: string;
  readonly nonlinearity?: "relu";
  readonly num_layers?: number;
  readonly bidirectional?: boolean;
  readonly bias?: boolean;
  readonly proj_size?: number;
}

Deno.test({
  name: "PyTorch: its state dicts give its outputs here, and ours, trained and saved, give our outputs there" +
    (python.program ? "" : ` (not tested: ${python.why})`),
  ignore: !python.program,
  async fn() {
    await script("write");
    const cases = JSON.parse(await Deno.readTextFile(new URL("cases.json", folder))) as Record<string, Options>;
    const trained = new Map<string, Float32Array>();
    for (const [name, options] of Object.entries(cases)) trained.set(name, await take(name, options));
    await script("read");
    for (const [name, output] of trained) assertClose(output, read(name, "read").floats("output"), TOLERANCE, name);
  },
});

/** Load what PyTorch wrote, compare, train a step, save in f32; the output after it. */
async function take(name: string, options: Options): Promise<Float32Array> {
  using session = await compile(net(options), {
    batch: 4,
    steps: 6,
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.5 }),
  });
  const { tensors } = read(name), given = read(name, "given");
  const { unexpected: unknown } = session.setParameters(tensors, { rename: RENAME, strict: false });
  assertEquals(unknown, ["tagger.epochs"]);
  const x = given.floats("tokens"), before = session.forward(x);
  assertClose(before, given.floats("output"), TOLERANCE, name);
  session.step({ x, y: x.map((token) => token % 3) });
  save(name, session, new Map(unknown.map((name) => [name, tensors.get(name)!])));
  const after = session.forward(x);
  assert(after.some((value, i) => Math.abs(value - before[i]) > 1e-2), "training changed nothing");
  return after;
}

/** A file of PyTorch's. */
function read(name: string, what?: string) {
  const { tensors } = readSafetensors(Deno.readFileSync(file(name, what)));
  return { tensors, floats: (name: string) => floats(tensors.get(name)!) };
}

/** All parameters under the user's names, with the rest of the user's tensors. */
function save(name: string, session: Session, rest: Map<string, Tensor>) {
  const theirs = (name: string) => {
    const [theirs, ours] = Object.entries(RENAME).find(([, ours]) => name.startsWith(ours))!;
    return theirs + name.slice(ours.length);
  };
  const parameters = [...session.parameters()].map(([name, tensor]) => [theirs(name), tensor] as const);
  Deno.writeFileSync(file(name, "saved"), writeSafetensors([...rest, ...parameters]));
}

function net({ mode, nonlinearity, num_layers: layers, bidirectional, bias, proj_size: projection }: Options) {
  const cell = mode === "LSTM" ? lstm({ bias, projection }) : mode === "GRU" ? gru({ bias }) : elman({
    bias,
    activation: nonlinearity,
  });
  const rnn = recurrent(cell, { input: 5, hidden: 7, layers, bidirectional });
  return sequential({ embedding: embedding(11, 5), rnn, decoder: dense(rnn.output.width, 3) });
}

function file(name: string, what?: string): URL {
  return new URL(`${name}.${what ? `${what}.` : ""}safetensors`, folder);
}

/** Runs the script beside this file: PyTorch's side. */
async function script(command: "write" | "read"): Promise<void> {
  const path = fileURLToPath(new URL("../support/programs/torch_state_dict.py", import.meta.url));
  const { code, errors } = await runPython(python.program!, [path, command, fileURLToPath(folder)]);
  assertEquals(code, 0, errors);
}
