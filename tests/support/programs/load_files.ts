/** Reads a safetensors file and an ONNX model from a folder, runs both, and prints their outputs. */
import { compile, dense, readSafetensors } from "../../../mod.ts";
import { OnnxModel } from "../../../onnx.ts";

const read = (name: string) => Deno.readFileSync(`${Deno.args[0]}/${name}`);
using session = await compile(dense(2, 1), { batch: 1, steps: 1 });
session.setParameters(readSafetensors(read("net.safetensors")).tensors);
using model = OnnxModel.load(read("net.onnx"));
const { output } = await model.run({ x: { shape: [1, 1, 2], data: [1, 2] } });
console.log(JSON.stringify([...session.forward([1, 2]), ...output.data]));
