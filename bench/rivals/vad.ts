/**
 * A frame of Silero VAD, the voice detector of many pages: microseconds in unroll and in onnxruntime-web, in turns,
 * each with carried states. The models come from npm's package `@ricky0123/vad-web`.
 *
 *     deno task bench:vad [FRAMES]
 */
import { OnnxModel } from "@unroll/rnn/onnx";
import legacy from "@ricky0123/vad-web/dist/silero_vad_legacy.onnx" with { type: "bytes" };
import v5 from "@ricky0123/vad-web/dist/silero_vad_v5.onnx" with { type: "bytes" };
import v6 from "@ricky0123/vad-web/dist/silero_vad_v6.onnx" with { type: "bytes" };
import * as ort from "onnxruntime-web/wasm";

type Tensors = Record<string, { shape: readonly number[]; data: Float32Array | readonly number[] }>;

const WARM_UP = 300, FRAMES = Number(Deno.args[0] ?? 2000);
const median = (times: number[]) => times.toSorted((a, b) => a - b)[times.length >> 1] * 1000;
ort.env.wasm.numThreads = 1;

console.log(
  `Deno ${Deno.version.deno}, ${new Date().toISOString().slice(0, 10)}, one thread, medians of ${FRAMES} frames`,
);
for (const [name, bytes] of Object.entries({ v6, v5, legacy })) {
  const isLegacy = name === "legacy";
  const [size, states] = isLegacy ? [1536, { h: "hn", c: "cn" }] : [576, { state: "stateN" }];
  const shape = isLegacy ? [2, 1, 64] : [2, 1, 128], zeros = () => new Float32Array(shape.reduce((a, b) => a * b));
  const sound = Float32Array.from({ length: size }, (_, i) => 0.3 * Math.sin(i / 9));

  const model = OnnxModel.load(bytes), session = await ort.InferenceSession.create(bytes);
  const inputs: Tensors = { input: { shape: [1, size], data: sound }, sr: { shape: [], data: [16000] } };
  const feeds: Record<string, ort.Tensor> = {
    input: new ort.Tensor("float32", sound, [1, size]),
    sr: new ort.Tensor("int64", BigInt64Array.of(16000n), []),
  };
  for (const state of Object.keys(states)) {
    inputs[state] = { shape, data: zeros() };
    feeds[state] = new ort.Tensor("float32", zeros(), shape);
  }
  const ours: number[] = [], theirs: number[] = [];
  let difference = 0;
  for (let frame = -WARM_UP; frame < FRAMES; frame++) {
    const start = performance.now(), output = await model.run(inputs), between = performance.now();
    const expected = await session.run(feeds), end = performance.now();
    for (const [state, next] of Object.entries(states)) {
      inputs[state] = output[next] as Tensors[string];
      feeds[state] = expected[next];
    }
    difference = Math.max(difference, Math.abs(Number(output.output.data[0]) - Number(expected.output.data[0])));
    if (frame >= 0) ours.push(between - start), theirs.push(end - between);
  }
  const [a, b] = [median(ours), median(theirs)];
  console.log(
    `${name}: unroll ${a.toFixed(0)} us, onnxruntime-web ${b.toFixed(0)} us (${(b / a).toFixed(1)} times); ` +
      `outputs within ${difference.toExponential(1)}`,
  );
  model.dispose();
  await session.release();
}
