/** What both packages of onnxruntime do in the same way: inference of a row's model. */
import type { InferenceSession, Tensor, TypedTensor } from "onnxruntime-web";
import { Missing, type Work } from "./contender.ts";
import { input, sample } from "./numbers.ts";
import { onnxModel, stateNames } from "./onnx_model.ts";
import type { Row } from "./rows.ts";

/** The part of the two packages' interfaces that is used. */
export interface Runtime {
  create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  tensor(data: Float32Array, dims: readonly number[]): Tensor;
}

/** A row by onnxruntime. A stream hands its last states, as tensors, to the next call. */
export async function infer({ create, tensor }: Runtime, row: Row): Promise<Work> {
  if (row.task === "train" || row.task === "gradients") throw new Missing("no gradients: inference only");
  const options = { intraOpNumThreads: row.threads, interOpNumThreads: 1, executionMode: "sequential" } as const;
  const session = await create(onnxModel(row), options), { layers, T, B, I, H } = row;
  const feeds: Record<string, Tensor> = { x: tensor(input(row), [T, B, I]) };
  const states = row.task === "stream" ? Array.from({ length: layers }, (_, l) => stateNames(l)).flat() : [];
  for (const [name] of states) feeds[name] = tensor(new Float32Array(B * H), [1, B, H]);

  async function run(): Promise<Float32Array> {
    const results = await session.run(feeds);
    for (const [name, next] of states) feeds[name] = results[next] as Tensor;
    return (results.y as TypedTensor<"float32">).data;
  }
  async function outcome(): Promise<number[]> {
    if (states.length) { for (let t = 0; t < 2; t++) await run(); }
    return sample(await run());
  }
  return { run, outcome };
}
