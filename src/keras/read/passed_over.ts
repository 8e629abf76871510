import type { JsonNode } from "../../formats/json.ts";
import type { Config } from "./config.ts";

/** Layers that do something in training only, and nothing that a net needs to be trained further. */
export const NOISE: readonly string[] = [
  "GaussianNoise",
  "GaussianDropout",
  "AlphaDropout",
  "ActivityRegularization",
  "Identity",
];

/** Layers that do nothing when all numbers of a property are this one. They end masks. */
const NOTHING: Readonly<Record<string, { readonly key: string; readonly number: number }>> = {
  ZeroPadding1D: { key: "padding", number: 0 },
  Cropping1D: { key: "cropping", number: 0 },
  UpSampling1D: { key: "size", number: 1 },
  AveragePooling1D: { key: "pool_size", number: 1 },
  MaxPooling1D: { key: "pool_size", number: 1 },
};

/**
 * Whether a layer is passed over. A layer of a class that may do nothing, but does something, is a fault.
 *
 * @param isMasked Whether the layer reads steps with a mask.
 */
export function isPassedOver(className: string, config: Config, isMasked: boolean): boolean {
  if (NOISE.includes(className)) return true;
  if (!Object.hasOwn(NOTHING, className)) return false;
  const { key, number } = NOTHING[className];
  const isStill = areAll(config.value(key), number) &&
    (config.value("strides") === undefined || areAll(config.value("strides"), 1));
  if (!isStill) config.fault(`it is supported only where it does nothing, with "${key}" ${number}`);
  else if (isMasked) config.fault("it ends the mask, which is not supported");
  return true;
}

/** Whether a number, or each number of a list, is this one. */
function areAll(value: JsonNode["value"] | undefined, number: number): boolean {
  return Array.isArray(value) ? value.length > 0 && value.every((node) => node.value === number) : value === number;
}
