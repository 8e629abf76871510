/** The npm package onnxruntime-web, in WebAssembly on one thread. */
import * as ort from "onnxruntime-web/wasm";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

/** A tensor: floats, int32, or int64 as a plain array. */
export interface Input {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | readonly number[];
}

/** Outputs by name. */
export type Outputs = Record<string, { shape: readonly number[]; data: ArrayLike<number> }>;

/** Runs a model in onnxruntime. */
export async function onnxruntime(bytes: Uint8Array, inputs: Readonly<Record<string, Input>>): Promise<Outputs> {
  const session = await ort.InferenceSession.create(bytes);
  const feeds = Object.entries(inputs).map(([name, { shape, data }]) => [name, tensor(data, [...shape])]);
  const results = await session.run(Object.fromEntries(feeds));
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { dims, data }]) => {
      return [name, { shape: [...dims], data: Array.from(data as Iterable<number | bigint | boolean>, Number) }];
    }),
  );
}

function tensor(data: Input["data"], shape: number[]): ort.Tensor {
  if (data instanceof Float32Array) return new ort.Tensor("float32", data, shape);
  if (data instanceof Int32Array) return new ort.Tensor("int32", data, shape);
  return new ort.Tensor("int64", BigInt64Array.from(data, BigInt), shape);
}
