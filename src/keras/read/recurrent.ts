import type { Activation } from "../../ops/activation.ts";
import type { Dialect } from "../activations.ts";
import { type CellKind, type CellSpec, MERGES, type RecurrentSpec } from "../spec.ts";
import { type Config, describeValue } from "./config.ts";

const KINDS: readonly CellKind[] = ["SimpleRNN", "LSTM", "GRU"];

/** Whether a class is a recurrent layer. */
export function isRecurrent(className: string): boolean {
  return className === "RNN" || (KINDS as readonly string[]).includes(className);
}

/** Reads a recurrent layer of one direction. The result is undefined, after a fault, when it has no supported cell. */
export function readRecurrent(className: string, config: Config, dialect: Dialect): RecurrentSpec | undefined {
  const { fault } = config;
  if (config.boolean("return_state", false)) fault("it returns its last states as additional outputs");
  if (config.boolean("time_major", false)) fault('"time_major" is not supported');
  const kind = KINDS.find((kind) => kind === className);
  const stack = kind
    ? { form: "layer" as const, cells: [readCell(kind, config, dialect)] }
    : readCells(config, dialect);
  if (!stack) return undefined;
  const direction = config.boolean("go_backwards", false) ? "backward" : "forward";
  if (direction === "backward" && stack.cells.length > 1) fault('"go_backwards" with several cells is not supported');
  return {
    kind: "recurrent",
    name: config.text("name") ?? "",
    ...stack,
    direction,
    merge: "concat",
    sequences: config.boolean("return_sequences", false),
    stateful: config.boolean("stateful", false),
  };
}

/** The cell or the stack of cells of a layer RNN. */
function readCells(config: Config, dialect: Dialect): Pick<RecurrentSpec, "cells" | "form"> | undefined {
  const cell = config.child("cell");
  const className = cell?.text("class_name"), own = cell?.child("config");
  if (!cell || !own) return void config.fault(`"cell" must be a cell, got ${describeValue(config.value("cell"))}`);
  const form = className === "StackedRNNCells" ? "stack" as const : "cell" as const;
  const cells = (form === "cell" ? [cell] : own.children("cells")).flatMap((cell) => {
    const name = cell.text("class_name") ?? "";
    const kind = KINDS.find((kind) => name === `${kind}Cell`);
    const inner = cell.child("config");
    if (kind && inner) return [readCell(kind, inner, dialect)];
    config.fault(`the cell ${JSON.stringify(name)} is not supported`);
    return [];
  });
  return cells.length ? { form, cells } : undefined;
}

function readCell(kind: CellKind, config: Config, dialect: Dialect): CellSpec {
  const activation = config.activation("activation", "tanh", dialect);
  const gates = kind === "SimpleRNN"
    ? "sigmoid"
    : config.activation("recurrent_activation", dialect === "keras3" ? "sigmoid" : "hard_sigmoid", dialect);
  if (activation === "softmax" || gates === "softmax") config.fault("softmax in a cell is not supported");
  return {
    kind,
    name: config.text("name") ?? "",
    units: config.size("units"),
    activation: activation as Activation,
    recurrentActivation: gates as Activation,
    bias: config.boolean("use_bias", true),
    resetAfter: config.has("reset_after") ? config.boolean("reset_after", false) : undefined,
    dropout: config.rate("dropout"),
    recurrentDropout: config.rate("recurrent_dropout"),
  };
}

/** Reads a layer Bidirectional: one layer of two directions. */
export function readBidirectional(config: Config, dialect: Dialect): RecurrentSpec | undefined {
  const [forward, backward] = ["layer", "backward_layer"].map((key) => {
    const layer = config.child(key);
    const className = layer?.text("class_name") ?? "", own = layer?.child("config");
    if (!layer && key === "backward_layer") return undefined; // the same as `layer`
    if (own && isRecurrent(className)) return readRecurrent(className, own, dialect);
    return void config.fault(`"${key}" ${JSON.stringify(className)} is not supported`);
  });
  if (!forward) return undefined;
  if (backward && withoutDirection(forward, "forward") !== withoutDirection(backward, "backward")) {
    config.fault("its two directions differ by more than the direction");
  }
  if (forward.direction === "backward") config.fault('its forward layer has "go_backwards"');
  if (forward.form !== "layer") config.fault("Bidirectional of a layer RNN is not supported");
  const mode = config.value("merge_mode"), name = config.text("name") ?? "";
  const named = typeof mode === "string" && Object.hasOwn(MERGES, mode) ? MERGES[mode] : undefined;
  if (mode !== undefined && !named) config.fault(`"merge_mode" ${describeValue(mode)} is not supported`);
  const merge = named ?? (config.has("merge_mode") ? "none" : "concat");
  return { ...forward, name, direction: "both", merge };
}

/** The properties that both directions must share, as text; empty when the layer has another direction. */
function withoutDirection(spec: RecurrentSpec, direction: RecurrentSpec["direction"]): string {
  if (spec.direction !== direction) return "";
  return JSON.stringify({
    ...spec,
    name: "",
    direction: "",
    cells: spec.cells.map((cell) => ({ ...cell, name: "", dropout: 0, recurrentDropout: 0 })),
  });
}
