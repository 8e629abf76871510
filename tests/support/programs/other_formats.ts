/**
 * A user's program that has installed nothing else: runs a saved model, reads and writes files of other libraries.
 * Prints what the test looks at. Its argument is a module with the files, in base64.
 */
import { compile, gru, recurrent, sequential } from "@unroll/rnn";
import { readKeras, readKerasConfig, writeKeras } from "@unroll/rnn/keras";
import { OnnxModel, writeOnnx } from "@unroll/rnn/onnx";
import { loadLanguageModel } from "@unroll/rnn/run";
import { readTfjs, writeTfjs } from "@unroll/rnn/tfjs";

declare const process: { readonly argv: readonly string[] };

const { config, files } = await import(process.argv[2]);
const bytes = (name: string) => Uint8Array.from(atob(files[name]), (letter) => letter.charCodeAt(0));

const net = sequential({ rnn: recurrent(gru({ reset: "before", bias: false }), { input: 2, hidden: 3 }) });
const session = await compile(net, { batch: 1, steps: 2, seed: 1 });
const parameters = session.parameters();
const onnx = OnnxModel.load(writeOnnx(net, parameters));
const tfjs = writeTfjs(net, parameters);
const model = await loadLanguageModel(bytes("language model"));

type Read = ReadonlyMap<string, { readonly data: ArrayLike<number> }>;
const numbers = (read: Read) => [...read].map(([name, { data }]) => [name, ...Array.from(data)]).sort();
const message = (error: unknown) => error instanceof Error ? error.message : String(error);

console.log(JSON.stringify({
  written: await model.write({ length: 9, seed: 1 }),
  own: numbers(parameters),
  onnx: numbers(onnx.net().parameters),
  tfjs: numbers((await readTfjs((path) => tfjs.get(path)!)).parameters),
  keras: [
    readKeras(bytes(".keras")),
    readKeras(bytes("compressed .keras")),
    readKeras(bytes(".h5")),
    readKerasConfig(config, bytes(".weights.h5")),
  ].map(({ parameters }) => numbers(parameters)),
  writeKeras: await writeKeras(net, parameters).then(() => "written", message),
  report: await import("@unroll/rnn/report").then(() => "loaded", message),
}));
