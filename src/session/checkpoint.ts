import { format, FormatError, OptionError, requireInteger, ShapeError } from "../errors.ts";
import { anything, readOptions, type Table } from "../options.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import { writeSafetensors } from "../formats/safetensors_writer.ts";
import type { States } from "../runtime/packed_batch.ts";
import type { NetPlan } from "../runtime/plan.ts";
import { requireTensors, type TensorCopy } from "../runtime/state_dict.ts";
import type { TrainingRunner } from "./training_runner.ts";
import { readTrainingState, setTrainingState, type TrainingState } from "./training_state.ts";
import type { TrainedNet } from "./training_step.ts";

/** What a checkpoint holds. */
export interface Checkpoint {
  /** The net of the checkpoint, to tell whether another net fits. */
  readonly net: NetDescription;
  /** The parameters by their PyTorch names, as `Session.setParameters` takes them. */
  readonly parameters: ReadonlyMap<string, TensorCopy>;
  /** The training state, as `Session.setTrainingState` takes it. */
  readonly training: TrainingState;
  /** The carried states, `[B, H]` each; none before the first call. */
  readonly states: States;
  /** The option `extra`; null when there was none. */
  readonly extra: unknown;
  /** The option `tensors`. */
  readonly tensors: ReadonlyMap<string, TensorCopy>;
}

/** What tells one net from another, beside the parameters. */
export interface NetDescription {
  /** Name of the equations. */
  readonly name: string;
  /** The input. */
  readonly input: string;
  /** The output. */
  readonly output: string;
  /** Widths of the carried states. */
  readonly states: Readonly<Record<string, number>>;
}

/** The metadata key under which everything but the tensors is kept, as JSON. */
const KEY = "unroll.checkpoint";
const VERSION = 1;
/** Prefixes of the names of tensors that are not parameters. */
const TRAINING = "checkpoint.training.", STATE = "checkpoint.state.", MORE = "checkpoint.tensor.";

/** A net as a checkpoint describes it. */
export function describeNet({ name, input, layer }: NetPlan): NetDescription {
  const { kind, width, steps, parts = 1 } = layer.output;
  return {
    name,
    input: `${input.kind} of width ${input.width}`,
    output: `${parts} x ${kind} of width ${width} a ${steps === "one" ? "sequence" : "step"}`,
    states: Object.fromEntries(layer.states.map((state) => [state.name, state.width])),
  };
}

/** Options of `Session.checkpoint`. */
export interface CheckpointOptions {
  /**
   * Anything fit for JSON.
   *
   * @default {null}
   */
  extra?: unknown;
  /**
   * Carried states, `[B, H]` by name.
   *
   * @default those of the last call
   */
  states?: States;
  /**
   * Further tensors by name.
   *
   * @default none
   */
  tensors?: ReadonlyMap<string, TensorCopy>;
}

const CHECKPOINT = { extra: [anything], states: [anything], tensors: [anything] } satisfies Table<CheckpointOptions>;

/** See `Session.checkpoint`. */
export function takeCheckpoint(
  net: TrainedNet,
  options: CheckpointOptions,
): Uint8Array<ArrayBuffer> {
  const { extra, states, tensors = new Map() } = readOptions("checkpoint", CHECKPOINT, options);
  const { plan, io } = net.runner;
  if (states) requireInteger("rows of states", stateRows(net.runner, states) ?? 1, 1, plan.options.batch);
  const training = readTrainingState(net);
  const parameters = io.parameters.copies(({ value }) => io.readFlat(value));
  return writeCheckpoint({
    net: describeNet(plan),
    parameters,
    training,
    states: states ?? net.runner.states(),
    extra,
    tensors,
  });
}

/** See `Session.restore`. */
export function restoreCheckpoint(
  net: TrainedNet,
  bytes: Uint8Array | ArrayBuffer,
): Pick<Checkpoint, "extra" | "states" | "tensors"> {
  const { runner } = net;
  const checkpoint = readCheckpoint(bytes);
  const { parameters, training, states, extra, tensors } = checkpoint;
  requireNet(checkpoint, runner.plan);
  // There may be more rows than the session has: only a call that carries the states on needs as many.
  const rows = stateRows(runner, states);
  requireTensors("parameter", runner.plan.planner.parameters, parameters);
  setTrainingState(net, training);
  runner.io.parameters.set(parameters, {});
  runner.refresh();
  runner.resume(states, rows);
  return { extra, states, tensors };
}

/**
 * The rows of states; undefined when there are no states.
 *
 * @throws {ShapeError} When the states are not those of the net.
 */
function stateRows({ plan: { layer }, io }: TrainingRunner, states: States): number | undefined {
  const [first] = layer.states;
  if (!first || !Object.keys(states).length) return undefined;
  const rows = requireInteger("rows of states", (states[first.name]?.length ?? 0) / first.width, 1);
  io.checkStates(states, rows);
  return rows;
}

/** A checkpoint as a safetensors file. */
function writeCheckpoint(checkpoint: Checkpoint): Uint8Array<ArrayBuffer> {
  const { net, parameters, training: { tensors: moments, ...counts }, states, extra, tensors } = checkpoint;
  const named = <T>(prefix: string, entries: Iterable<readonly [string, T]>) =>
    [...entries].map(([name, value]) => [prefix + name, value] as const);
  const blocks = Object.entries(states).map(([name, data]) => {
    const width = net.states[name];
    return [name, { shape: [data.length / width, width], data }] as const;
  });
  return writeSafetensors(
    [...parameters, ...named(TRAINING, moments), ...named(STATE, blocks), ...named(MORE, tensors)],
    { [KEY]: JSON.stringify({ version: VERSION, net, training: counts, extra: requireJson(extra) }) },
  );
}

/**
 * Read the bytes that `Session.checkpoint` has written, for example to run a net with `parameters` in a session that
 * does not train. `Session.restore` reads by itself. Other readers of safetensors see a state dict with additional
 * tensors.
 *
 * @throws {FormatError} When the bytes are not a checkpoint.
 *
 * @example
 * ```ts
 * import { compile, dense, readCheckpoint, sgd, squaredError } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const net = dense(2, 1), size = { batch: 1, steps: 1 };
 * const trained = await compile(net, { ...size, loss: squaredError(), optimizer: sgd() });
 * trained.step({ x: [1, 2], y: [3] });
 * const file = trained.checkpoint({ extra: { epoch: 7 } });
 *
 * const session = await compile(net, size);
 * const { parameters, extra } = readCheckpoint(file);
 * session.setParameters(parameters);
 * assertEquals(session.parameters(), trained.parameters());
 * assertEquals(extra, { epoch: 7 });
 * trained.dispose();
 * session.dispose();
 * ```
 */
export function readCheckpoint(bytes: Uint8Array | ArrayBuffer): Checkpoint {
  const { tensors, metadata } = readSafetensors(bytes);
  const { net, training, extra } = parse(metadata[KEY]);
  const parameters = new Map<string, TensorCopy>(), moments = new Map<string, TensorCopy>(), states: States = {};
  const more = new Map<string, TensorCopy>();
  for (const [name, tensor] of tensors) {
    if (tensor.dtype !== "F32") throw refusal(`tensor "${name}" must be F32, got ${tensor.dtype}`);
    const { shape, data } = tensor;
    if (name.startsWith(TRAINING)) moments.set(name.slice(TRAINING.length), { shape, data });
    else if (name.startsWith(STATE)) states[name.slice(STATE.length)] = data;
    else if (name.startsWith(MORE)) more.set(name.slice(MORE.length), { shape, data });
    else parameters.set(name, { shape, data });
  }
  return { net, parameters, training: { ...training, tensors: moments }, states, extra, tensors: more };
}

/** A value of a checkpoint in an error. The stack of the engine is too small for one that is nested deeply. */
function show(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "missing";
  } catch {
    return format(value);
  }
}

/**
 * @throws {ShapeError} When the net is not that of the plan. One error lists all differences but those of parameters.
 */
function requireNet({ net }: Checkpoint, plan: NetPlan): void {
  const own = describeNet(plan);
  const faults = (Object.keys(own) as (keyof NetDescription)[]).flatMap((key) =>
    show(net[key]) === show(own[key]) ? [] : [`its ${key} is ${show(net[key])}, the session's is ${show(own[key])}`]
  );
  if (faults.length) throw new ShapeError(`Cannot restore a checkpoint of another net: ${faults.join("; ")}`);
}

/** The parts of the metadata, checked as far as the session does not check them. */
function parse(
  text: string | undefined,
): Pick<Checkpoint, "net" | "extra"> & { training: Omit<TrainingState, "tensors"> } {
  if (text === undefined) throw refusal(`the file has no metadata "${KEY}"; was it written by checkpoint()?`);
  let value;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refusal(`metadata "${KEY}" is not JSON (${(cause as Error).message})`);
  }
  if (value?.version !== VERSION) throw refusal(`its version must be ${VERSION}, got ${format(value?.version)}`);
  const isObject = (part: unknown) => typeof part === "object" && part !== null;
  if (!isObject(value.net) || !isObject(value.training) || !isObject(value.training.schedule)) {
    throw refusal(`metadata "${KEY}" must have "net" and "training" with "schedule"`);
  }
  return value;
}

/** @throws {OptionError} When JSON cannot hold `extra`. */
function requireJson(extra: unknown): unknown {
  try {
    JSON.stringify(extra);
  } catch (cause) {
    throw new OptionError(`"extra" must be fit for JSON: ${(cause as Error).message}`);
  }
  return extra ?? null;
}

function refusal(reason: string): FormatError {
  return new FormatError(`Cannot read a checkpoint: ${reason}`);
}
