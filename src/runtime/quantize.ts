import type { Int8Tensors } from "../kernels/builds.ts";
import { packTensors } from "../kernels/int8_tensors.ts";
import { int8Net } from "../layers/int8_net.ts";
import { type Layer, layer } from "../layers/layer.ts";
import { readOptions, type Table } from "../options.ts";
import { dequantized } from "./int8_tensors.ts";
import { requireParameters, type Tensors } from "./state_dict.ts";

/** Options of `quantize`. */
export interface QuantizeOptions {
  /**
   * The form of the weights.
   *
   * @default {"int8"}
   */
  weights?: "int8";
}

const QUANTIZE = { weights: [["int8"], "int8"] } satisfies Table<QuantizeOptions>;

/** A net with int8 weights, and its parameters. */
export interface QuantizedNet {
  /** The net: it runs with `int8` among its kernels, and is not trained. */
  readonly net: Layer;
  /**
   * The parameters, for `load`, `setParameters` and `writeSafetensors`: of each matrix its integers, and under its name
   * and `.scale` the scales of its rows. Other tensors are f32.
   */
  readonly parameters: Int8Tensors;
}

/**
 * Round the weights of a trained net to int8: a quarter of the bytes. It needs no data. `int8` runs the net.
 *
 * @param parameters The parameters of the net, from `Session.parameters` or a file. int8 ones are kept as they are.
 * @throws {ShapeError} When names or shapes differ.
 * @throws {OptionError} When a weight is not finite.
 */
export function quantize(net: Layer, parameters: Tensors, options: QuantizeOptions = {}): QuantizedNet {
  readOptions("quantize", QUANTIZE, options);
  const floats = requireParameters(layer("net", net), dequantized(parameters));
  return { net: int8Net(net), parameters: packTensors(floats) };
}
