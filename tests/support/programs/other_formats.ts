/**
 * A user's program that has installed nothing else: reads and writes files of other libraries. Prints what the test
 * looks at. Its argument is a data: URL of a Keras model.
 */
import { compile, dense, gru, recurrent, sequential } from "@unroll/rnn";
import { readKeras, writeKeras } from "@unroll/rnn/keras";
import { OnnxModel, writeOnnx } from "@unroll/rnn/onnx";

declare const process: { readonly argv: readonly string[] };

const net = sequential({ rnn: recurrent(gru(), { input: 2, hidden: 3 }), decoder: dense(3, 1) });
using session = await compile(net, { batch: 1, steps: 2 });
using onnx = OnnxModel.load(writeOnnx(net, session.parameters()));
const model = await fetch(process.argv[2]);
const keras = readKeras(await model.arrayBuffer());

const message = (error: unknown) => error instanceof Error ? error.message : String(error);

console.log(JSON.stringify({
  onnx: onnx.inputs.length,
  keras: [...keras.parameters.keys()],
  writeKeras: await writeKeras(net, session.parameters()).then(() => "written", message),
  report: await import("@unroll/rnn/report").then(() => "loaded", message),
}));
