import type { Activation } from "../../ops/activation.ts";
import type { Merge } from "../../ops/merge.ts";
import { type Dialect, readActivation } from "../activations.ts";
import { type Config, describeValue } from "./config.ts";
import type { CellKind, CellSpec, RecurrentSpec } from "../spec.ts";

/** Their names of the ways to merge; null: none. */
export const MERGES: Readonly<Record<string, Merge>> = {
  concat: "concat",
  sum: "sum",
  ave: "average",
  mul: "multiply",
};

const KINDS: readonly CellKind[] = ["SimpleRNN", "LSTM", "GRU"];

/** Whether a class is a recurrent layer. */
export function isRecurrent(className: string): boolean {
  return className === "RNN" || (KINDS as readonly string[]).includes(className);
}

/** A recurrent layer in one direction, from its configuration. */
export function readRecurrent(className: string, config: Config, dialect: Dialect): RecurrentSpec | undefined {
  const { fault } = config;
  if (config.boolean("return_state", false)) fault("it returns its last states, which are outputs of their own");
  if (config.boolean("time_major", false)) fault(`"time_major" is not supported`);
  const kind = KINDS.find((kind) => kind === className);
  const stack = kind
    ? { form: "layer" as const, cells: [readCell(kind, config, dialect)] }
    : readCells(config, dialect);
  if (!stack) return undefined;
  const direction = config.boolean("go_backwards", false) ? "back" : "ahead";
  if (direction === "back" && stack.cells.length > 1) fault("a stack of cells against time is not supported");
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

/** The cells of a layer RNN. */
function readCells(config: Config, dialect: Dialect): Pick<RecurrentSpec, "cells" | "form"> | undefined {
  const cell = config.child("cell"), className = cell?.text("class_name"), own = cell?.child("config");
  if (!cell || !own) return void config.fault(`"cell" must be a cell, got ${describeValue(config.value("cell"))}`);
  const form = className === "StackedRNNCells" ? "stack" as const : "cell" as const;
  const cells = (form === "cell" ? [cell] : own.children("cells")).flatMap((cell) => {
    const name = cell.text("class_name") ?? "", kind = KINDS.find((kind) => name === `${kind}Cell`);
    const inner = cell.child("config");
    if (kind && inner) return [readCell(kind, inner, dialect)];
    config.fault(`the cell ${JSON.stringify(name)} is not supported`);
    return [];
  });
  return cells.length ? { form, cells } : undefined;
}

function readCell(kind: CellKind, config: Config, dialect: Dialect): CellSpec {
  const activation = readActivation(config, "activation", "tanh", dialect);
  const gates = kind === "SimpleRNN"
    ? "sigmoid"
    : readActivation(config, "recurrent_activation", dialect === "keras3" ? "sigmoid" : "hard_sigmoid", dialect);
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

/** Two layers as one, the second against time. */
export function readBidirectional(config: Config, dialect: Dialect): RecurrentSpec | undefined {
  const [ahead, back] = ["layer", "backward_layer"].map((key) => {
    const layer = config.child(key), className = layer?.text("class_name") ?? "", own = layer?.child("config");
    if (!layer && key === "backward_layer") return undefined; // then it is as the first one
    if (own && isRecurrent(className)) return readRecurrent(className, own, dialect);
    return void config.fault(`"${key}" ${JSON.stringify(className)} is not supported`);
  });
  if (!ahead) return undefined;
  if (back && alike(ahead, "ahead") !== alike(back, "back")) {
    config.fault("its two directions differ by more than the direction");
  }
  if (ahead.direction === "back") config.fault("its first layer runs against time");
  if (ahead.form !== "layer") config.fault("of cells given one by one it is not supported");
  const mode = config.value("merge_mode"), name = config.text("name") ?? "";
  const given = typeof mode === "string" && Object.hasOwn(MERGES, mode) ? MERGES[mode] : undefined;
  if (mode !== undefined && !given) config.fault(`"merge_mode" ${describeValue(mode)} is not supported`);
  const merge = given ?? (config.has("merge_mode") ? "none" : "concat");
  return { ...ahead, name, direction: "both", merge };
}

/** What has to be equal in two directions. */
function alike(spec: RecurrentSpec, direction: RecurrentSpec["direction"]): string {
  if (spec.direction !== direction) return "";
  return JSON.stringify({
    ...spec,
    name: "",
    direction: "",
    cells: spec.cells.map((cell) => ({ ...cell, name: "", dropout: 0, recurrentDropout: 0 })),
  });
}
