import { FormatError, OptionError, requireInteger, ShapeError } from "../errors.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import { writeSafetensors } from "../formats/safetensors_writer.ts";
import type { States } from "../runtime/packed_batch.ts";
import type { NetPlan } from "../runtime/plan.ts";
import type { TensorCopy } from "../runtime/state_dict.ts";
import type { TrainingState } from "./training_state.ts";

/** What a checkpoint holds. */
export interface Checkpoint {
  /** The net that it is of, to tell whether it fits. */
  readonly net: NetDescription;
  /** The parameters by their PyTorch names, as `Session.setParameters` takes them. */
  readonly parameters: ReadonlyMap<string, TensorCopy>;
  /** As `Session.setTrainingState` takes it. */
  readonly training: TrainingState;
  /** The carried states, `[B, H]` each; none before the first call. */
  readonly states: States;
  /** What was given as `extra`; null when nothing was. */
  readonly extra: unknown;
  /** What was given as `tensors`. */
  readonly tensors: ReadonlyMap<string, TensorCopy>;
}

/** What tells one net from another, beside the parameters. */
export interface NetDescription {
  /** Name of the equations. */
  readonly name: string;
  /** What it reads. */
  readonly input: string;
  /** What it writes. */
  readonly output: string;
  /** Widths of the carried states. */
  readonly states: Readonly<Record<string, number>>;
}

/** The metadata key under which everything but the tensors is kept, as JSON. */
const KEY = "unroll.checkpoint";
const VERSION = 1;
/** In front of the names of what is no parameter. */
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

/** A checkpoint as a safetensors file. */
export function writeCheckpoint(checkpoint: Checkpoint): Uint8Array<ArrayBuffer> {
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
 * Read what `Session.checkpoint` wrote, for example to run a net with `parameters` in a session that does not train;
 * `Session.restore` reads by itself. To other readers of safetensors it is a state dict with more than they need.
 *
 * @throws {FormatError} When the bytes are not a checkpoint.
 *
 * @example
 * ```ts
 * import { compile, dense, readCheckpoint, sgd, squaredError } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const net = dense(2, 1), size = { batch: 1, steps: 1 };
 * using trained = await compile(net, { ...size, loss: squaredError(), optimizer: sgd() });
 * trained.step({ x: [1, 2], y: [3] });
 * const file = trained.checkpoint({ extra: { epoch: 7 } });
 *
 * using session = await compile(net, size);
 * const { parameters, extra } = readCheckpoint(file);
 * session.setParameters(parameters);
 * assertEquals(session.parameters(), trained.parameters());
 * assertEquals(extra, { epoch: 7 });
 * ```
 */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
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

/**
 * Nothing, when the net is the plan's.
 *
 * @throws {ShapeError} Otherwise; all differences but those of parameters are listed.
 */
export function requireNet({ net }: Checkpoint, plan: NetPlan): void {
  const own = describeNet(plan), show = (value: unknown) => JSON.stringify(value) ?? "missing";
  const faults = (Object.keys(own) as (keyof NetDescription)[]).flatMap((key) =>
    show(net[key]) === show(own[key]) ? [] : [`its ${key} is ${show(net[key])}, the session's is ${show(own[key])}`]
  );
  if (faults.length) throw new ShapeError(`Cannot restore a checkpoint of another net: ${faults.join("; ")}`);
}

/** The rows of states that a session can carry; undefined when there are none. */
export function requireRows(states: States, { layer, options: { batch } }: NetPlan): number | undefined {
  const [first] = layer.states;
  if (!first || !Object.keys(states).length) return undefined;
  return requireInteger("rows of states", (states[first.name]?.length ?? 0) / first.width, 1, batch);
}

/** The parts of the metadata, each right in itself as far as the session does not check it. */
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
  if (value?.version !== VERSION) throw refusal(`its version must be ${VERSION}, got ${value?.version}`);
  const isObject = (part: unknown) => typeof part === "object" && part !== null;
  if (!isObject(value.net) || !isObject(value.training) || !isObject(value.training.schedule)) {
    throw refusal(`metadata "${KEY}" must have "net" and "training" with "schedule"`);
  }
  return value;
}

/** What JSON can hold: anything else would not come back. */
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
