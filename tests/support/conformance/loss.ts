import { embedding, type Loss, type Reduction, sgd, type Targets } from "../../../mod.ts";
import type { Case, CaseTensors } from "./read_cases.ts";
import { type Arithmetic, type Result, sessionOn } from "./kind.ts";

/** PyTorch's reductions. */
export const REDUCTIONS = ["none", "mean", "sum"];

/** A case of a loss: outputs `[T, B, width]` and what they are compared with. */
export interface Comparison extends Targets {
  readonly T: number;
  readonly B: number;
  readonly outputs: Float32Array<ArrayBuffer>;
  readonly lengths?: ArrayLike<number>;
  loss(reduction: Reduction): Loss;
}

/**
 * The case's loss and its gradient with respect to the outputs, which are the rows of an embedding: row t B + b for
 * step t of sequence b. A gradient from above of losses that are not reduced is their weights in a sum, one of a
 * reduced loss a factor.
 */
export async function compared(
  { config, tensors: read, tolerance }: Case,
  arithmetic: Arithmetic,
  { T, B, outputs, lengths, loss, ...targets }: Comparison,
  gradient: { name: string; as(rows: Float32Array): ArrayLike<number> },
): Promise<Result[]> {
  const tensors = read(), none = config.reduction === "none", reduction: Reduction = none ? "sum" : config.reduction;
  const width = outputs.length / (T * B), above = upstream(tensors);
  using session = await sessionOn(arithmetic, embedding(T * B, width), {
    batch: B,
    steps: T,
    loss: loss(reduction ?? "mean"),
    optimizer: sgd({ learningRate: 0 }),
  });
  session.setParameters(new Map([["weight", { shape: [T * B, width], data: outputs }]]));
  const data = { x: Int32Array.from({ length: T * B }, (_, i) => i), ...targets };
  const losses = none ? session.losses(data, { lengths }) : undefined;
  const { loss: value } = session.step(none && above ? { ...data, weights: above } : data, { lengths });
  const rows = session.gradients().get("weight")!.data, factor = none ? 1 : above?.[0] ?? 1;
  const got = gradient.as(rows.map((element) => element * factor));
  return [
    { name: "loss", arithmetic, got: losses ?? [value], want: tensors.floats("loss"), tolerance },
    { name: gradient.name, arithmetic, got, want: tensors.floats(gradient.name), tolerance },
  ];
}

function upstream(tensors: CaseTensors): Float32Array | undefined {
  return tensors.has("dloss") ? tensors.floats("dloss") : undefined;
}

/** A tensor with its dimensions in another order: dimension i of the result is dimension `order[i]` of the tensor. */
export function permuted(
  data: ArrayLike<number>,
  shape: readonly number[],
  order: readonly number[],
): Float32Array<ArrayBuffer> {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  return Float32Array.from({ length: data.length }, (_, i) => {
    let at = 0;
    for (const dimension of order.toReversed()) {
      at += i % shape[dimension] * strides[dimension];
      i = Math.floor(i / shape[dimension]);
    }
    return data[at];
  });
}

/** The order of dimensions that undoes another one. */
export function inverse(order: readonly number[]): number[] {
  return order.map((_, i) => order.indexOf(i));
}

/** The letters of a layout: N and C of "(N,C)". */
export function letters(layout: string): string[] {
  return layout.replaceAll(/[()\s]/g, "").split(",");
}
