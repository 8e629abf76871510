import { FormatError } from "../../errors.ts";
import type { Layer } from "../../layers/layer.ts";
import { sequential } from "../../layers/sequential.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";
import { type LayerSpec, type ModelLayer, type ModelSpec, poolSkipsPadding } from "../spec.ts";
import { variablesOf, type VariableSource } from "../variables.ts";
import type { Faults, ReportFault } from "./config.ts";
import { type ConvertedLayer, convertLayer } from "./net_layers.ts";
import type { Padding } from "./padding.ts";

/** The last nonlinearity of a model. It is not part of the net, because losses expect the values before it. */
export type Head = "softmax" | "sigmoid";

/** A layer of the model, and the net's layers for it. */
interface AssembledLayer extends ModelLayer {
  /** Elements of an input row. */
  readonly width: number;
  /** The names of the net's layers. */
  readonly names: readonly string[];
}

/** A model as a net of the library. */
export interface AssembledModel {
  readonly net: Layer;
  readonly parameters: Map<string, TensorCopy>;
  readonly layers: readonly AssembledLayer[];
  readonly head: Head | undefined;
  readonly padding: Padding | undefined;
}

/**
 * Builds the net of a model with the variables of a source.
 *
 * @throws {FormatError} With all of `faults`, when a layer is not supported or its variables do not fit.
 */
export function assemble(model: ModelSpec, source: VariableSource, faults: Faults): AssembledModel {
  const netLayers = new Map<string, Layer>();
  const counts = new Map<string, number>();
  const parameters = new Map<string, TensorCopy>();
  const layers: AssembledLayer[] = [];
  const head = headOf(model);
  const last = model.layers.at(-1);
  checkOrder(model, faults);
  let width = inputWidth(model, faults);
  let steps: "each" | "one" = "each";
  for (const layer of model.layers) {
    const { spec, path } = layer, { name } = spec;
    const fault = (reason: string) => faults.add(`layer ${JSON.stringify(name)}: ${reason}`);
    const variables = source.read({ name, path }, variablesOf(spec, width), fault);
    // The kernel shows the width of an input that the configuration does not give.
    const ownWidth = width ?? (spec.kind === "embedding" ? 1 : variables.at(0)?.shape.at(0));
    if (steps === "one" && (spec.kind === "recurrent" || spec.kind === "pool")) {
      fault("it needs a row for each step, but the layer before it outputs one row");
    }
    if ("axis" in spec && spec.axis !== -1 && spec.axis !== (steps === "one" ? 1 : 2)) {
      fault(`"axis" must be the last, got ${spec.axis}`);
    }
    if (ownWidth === undefined) fault("neither the configuration nor a kernel gives the width of its input");
    const names: string[] = [];
    if (ownWidth !== undefined && variables.every((tensor) => tensor !== undefined) && !(head && layer === last)) {
      for (const converted of convertOrFault(spec, ownWidth, variables, fault)) {
        const netName = unusedName(name + converted.suffix, netLayers, counts);
        names.push(netName);
        netLayers.set(netName, converted.layer);
        for (const [key, tensor] of Object.entries(converted.parameters)) parameters.set(`${netName}.${key}`, tensor);
      }
    }
    layers.push({ ...layer, width: ownWidth ?? 1, names });
    width = outputWidth(spec, ownWidth);
    if (spec.kind === "pool" || (spec.kind === "recurrent" && !spec.sequences)) steps = "one";
  }
  const unread = source.unread();
  if (unread.length && !faults.count) faults.add(`no layer has the variables ${unread.slice(0, 20).join(", ")}`);
  if (!netLayers.size && !faults.count) faults.add("the model has no layers");
  faults.check();
  return { net: join(netLayers), parameters, layers, head, padding: paddingOf(model, layers) };
}

/** The net's layers for a layer of the model. An error of their factories is a fault. */
function convertOrFault(
  spec: LayerSpec,
  width: number,
  variables: readonly TensorCopy[],
  fault: ReportFault,
): ConvertedLayer[] {
  try {
    return convertLayer(spec, width, variables);
  } catch (error) {
    return fault(error instanceof Error ? error.message : String(error)), [];
  }
}

function join(layers: ReadonlyMap<string, Layer>): Layer {
  try {
    return sequential(Object.fromEntries(layers));
  } catch (error) {
    throw new FormatError(`Cannot make a net of the model: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * The name of a net's layer: the name in the model, made unique. Dots become underscores, and a number gets a prefix,
 * because an object would order numeric keys first.
 *
 * @param counts The last number of each name.
 */
function unusedName(name: string, taken: ReadonlyMap<string, unknown>, counts: Map<string, number>): string {
  const base = name.replaceAll(".", "_").replace(/^(?=\d*$|__proto__$)/, "layer");
  for (let i = (counts.get(base) ?? 0) + 1;; i++) {
    const candidate = i > 1 ? `${base}_${i}` : base;
    if (taken.has(candidate)) continue;
    counts.set(base, i);
    return candidate;
  }
}

function headOf({ layers }: ModelSpec): Head | undefined {
  const last = layers.at(-1)?.spec;
  if (layers.length < 2 || last?.kind !== "activation") return undefined;
  return last.activation === "softmax" || last.activation === "sigmoid" ? last.activation : undefined;
}

/** Elements of an input step; undefined for tokens, and when the configuration does not give it. */
function inputWidth({ input, layers }: ModelSpec, faults: Faults): number | undefined {
  const tokens = layers[0]?.spec.kind === "embedding";
  if (input && input.length !== (tokens ? 1 : 2)) {
    const shape = tokens ? "[batch, T]" : "[batch, T, width]";
    faults.add(`the input must have the shape ${shape}, got ${input.length + 1} extents`);
  }
  return tokens ? undefined : input?.at(-1);
}

function outputWidth(spec: LayerSpec, width: number | undefined): number | undefined {
  switch (spec.kind) {
    case "embedding":
      return spec.width;
    case "dense":
      return spec.units;
    case "recurrent":
      return spec.cells.at(-1)!.units * (spec.direction === "both" && ["concat", "none"].includes(spec.merge) ? 2 : 1);
  }
  return width;
}

/** Reports layers at a place in the model where the library cannot compute the same, above all behind a mask. */
function checkOrder({ layers, dialect }: ModelSpec, faults: Faults): void {
  let masked = false;
  layers.forEach(({ spec }, i) => {
    const fault = (reason: string) => faults.add(`layer ${JSON.stringify(spec.name)}: ${reason}`);
    if (spec.kind === "masking" && i) fault("Masking must read the input itself");
    if (spec.kind === "embedding" && i) fault("an embedding must read the input itself");
    if (spec.kind === "activation" && spec.activation === "softmax" && (i + 1 < layers.length || !i)) {
      fault("softmax is supported at the end of a model only");
    }
    masked ||= spec.kind === "masking" || (spec.kind === "embedding" && spec.maskZero);
    if (!masked) return;
    if (spec.kind === "recurrent" && spec.direction === "backward" && spec.sequences) {
      fault("it outputs the steps of masked rows in reverse order, with padding before them, which is not supported");
    }
    if (spec.kind === "pool" && !poolSkipsPadding(spec, dialect)) fault("it takes padding too, which is not supported");
  });
}

function paddingOf({ layers: [first] }: ModelSpec, [assembled]: readonly AssembledLayer[]): Padding | undefined {
  const spec = first?.spec;
  if (spec?.kind === "masking") return { value: spec.value, width: assembled.width };
  return spec?.kind === "embedding" && spec.maskZero ? { value: 0, width: 1 } : undefined;
}
