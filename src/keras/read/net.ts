import type { Layer } from "../../layers/layer.ts";
import { sequential } from "../../layers/sequential.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";
import { FormatError } from "../../errors.ts";
import { type ConvertedLayer, convertLayer } from "./net_layers.ts";
import type { ReportFault } from "./config.ts";
import type { Padding } from "./padding.ts";
import { type LayerSpec, type ModelLayer, type ModelSpec, poolSkipsPadding } from "../spec.ts";
import type { Faults } from "./config.ts";
import { variablesOf, type VariableSource } from "../variables.ts";

/** A nonlinearity at the end of a model that is no part of the net: losses take what comes before it. */
export type Head = "softmax" | "sigmoid";

/** One of their layers in the net. */
export interface NetLayer extends ModelLayer {
  /** Elements of the rows that it reads. */
  readonly width: number;
  /** The layers of ours that it is, by name. */
  readonly names: readonly string[];
}

/** A model's parts. */
export interface AssembledModel {
  readonly layer: Layer;
  readonly parameters: Map<string, TensorCopy>;
  readonly layers: readonly NetLayer[];
  readonly head: Head | undefined;
  readonly padding: Padding | undefined;
}

/** The net of a model with the variables of a source. */
export function assemble(model: ModelSpec, source: VariableSource, faults: Faults): AssembledModel {
  const layers = new Map<string, Layer>(), parameters = new Map<string, TensorCopy>(), placed: NetLayer[] = [];
  const head = headOf(model), last = model.layers.at(-1);
  checkMasks(model, faults);
  let width = inputWidth(model, faults), once = false;
  for (const one of model.layers) {
    const { spec, path } = one, { name } = spec;
    const fault = (reason: string) => faults.add(`layer ${JSON.stringify(name)}: ${reason}`);
    const read = source.read({ name, path }, variablesOf(spec, width), fault);
    const first = read.at(0)?.shape.at(0), rows = width ?? (spec.kind === "embedding" ? 1 : first);
    if (once && ["recurrent", "pool"].includes(spec.kind)) fault("it reads steps, of which there are none");
    if ("axis" in spec && spec.axis !== -1 && spec.axis !== (once ? 1 : 2)) {
      fault(`"axis" must be the last, got ${spec.axis}`);
    }
    if (rows === undefined) fault("the width of its input is neither said nor shown by a kernel");
    const keys: string[] = [];
    if (rows !== undefined && read.every((tensor) => tensor !== undefined) && !(head && one === last)) {
      for (const piece of convertOrFault(spec, rows, read, fault)) {
        const key = freeLayerName(name + piece.suffix, layers);
        keys.push(key);
        layers.set(key, piece.layer);
        for (const [own, tensor] of Object.entries(piece.parameters)) parameters.set(`${key}.${own}`, tensor);
      }
    }
    placed.push({ ...one, width: rows ?? 1, names: keys });
    width = outputWidth(spec, rows);
    once ||= spec.kind === "pool" || (spec.kind === "recurrent" && !spec.sequences);
  }
  const unread = source.unread();
  if (unread.length && !faults.count) faults.add(`no layer has the variables ${unread.slice(0, 20).join(", ")}`);
  if (!layers.size && !faults.count) faults.add("the model has no layers");
  faults.check();
  return { layer: join(layers), parameters, layers: placed, head, padding: paddingOf(model, placed) };
}

/** The layers of ours for one of theirs; that we refuse to make one is a fault. */
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

/** A name for a layer in a net: theirs, but no number, which an object would put first, no dot, and none that is taken. */
function freeLayerName(name: string, taken: ReadonlyMap<string, unknown>): string {
  const base = name.replaceAll(".", "_").replace(/^(?=\d*$|__proto__$)/, "layer");
  for (let i = 1;; i++) {
    const key = i > 1 ? `${base}_${i}` : base;
    if (!taken.has(key)) return key;
  }
}

function headOf({ layers }: ModelSpec): Head | undefined {
  const last = layers.at(-1)?.spec;
  if (layers.length < 2 || last?.kind !== "activation") return undefined;
  return last.activation === "softmax" || last.activation === "sigmoid" ? last.activation : undefined;
}

/** Elements of a step of the input; undefined: not said, or tokens. */
function inputWidth({ input, layers }: ModelSpec, faults: Faults): number | undefined {
  const tokens = layers[0]?.spec.kind === "embedding", extents = tokens ? 1 : 2;
  if (input && input.length !== extents) {
    faults.add(
      `the input must have the shape ${tokens ? "[batch, T]" : "[batch, T, width]"}, got ${input.length + 1} extents`,
    );
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

/** What of masks we do as they do. */
function checkMasks({ layers, dialect }: ModelSpec, faults: Faults): void {
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
    if (spec.kind === "recurrent" && spec.direction === "back" && spec.sequences) {
      fault("its steps against time, with padding before them, are not supported");
    }
    if (spec.kind === "pool" && !poolSkipsPadding(spec, dialect)) fault("it takes padding too, which is not supported");
  });
}

function paddingOf({ layers }: ModelSpec, placed: readonly NetLayer[]): Padding | undefined {
  const first = layers[0]?.spec;
  if (first?.kind === "masking") return { value: first.value, width: placed[0].width };
  return first?.kind === "embedding" && first.maskZero ? { value: 0, width: 1 } : undefined;
}
