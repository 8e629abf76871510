import { OptionError, ShapeError } from "../errors.ts";
import { count, flag, REQUIRED, type Table } from "../options.ts";
import type { Layer, PlannedLayer } from "../layers/layer.ts";
import { planLayer, planParameters } from "../layers/planning.ts";
import { Planner } from "../memory/planner.ts";
import { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { joinNeeds, type Needs } from "../ops/needs.ts";
import { inputValue, type Value } from "../ops/value.ts";

/** The sizes that a net is compiled for. */
export interface SizeOptions {
  /** The largest number of rows B of a call. */
  batch: number;
  /** The largest number of time steps T of a call. */
  steps: number;
  /**
   * Of a net with a decoder: the largest number of time steps of the decoder's input and output.
   *
   * @default {`steps`}
   */
  decoderSteps?: number;
  /**
   * Whether the caller's sequences are `[B, T, ...]` instead of `[T, B, ...]`. States are `[B, ...]` either way.
   *
   * @default {false}
   */
  batchFirst?: boolean;
}

/** The sizes of a plan. */
export const SIZE = {
  batch: [count, REQUIRED],
  steps: [count, REQUIRED],
  decoderSteps: [count],
  batchFirst: [flag],
} satisfies Table<SizeOptions>;

/** What the plan of the layers depends on, beside the sizes. */
interface LayerOptions extends SizeOptions {
  /** Whether backward will run. Default false. */
  readonly train?: boolean;
  /** Seed of all random numbers. Default 0. */
  readonly seed?: number;
  /** Whether the gradients of recurrent layers' outputs are kept for all steps. Default false. */
  readonly gradientFlow?: boolean;
}

/** A net in which every tensor has its place in memory. */
export interface NetPlan {
  /** The name of the net's equations. */
  readonly name: string;
  readonly options: SizeOptions & { readonly decoderSteps: number };
  readonly planner: Planner;
  readonly bytes: number;
  readonly input: Value;
  /** The input of the decoder, of a net that has one. */
  readonly decoderInput?: Value;
  readonly layer: PlannedLayer;
  /** The parts of the layer that the session writes or reads. */
  readonly needs: Needs;
  /** What an error calls a layer of the net that must see whole sequences. Undefined: the net can run in pieces. */
  readonly wholeSequence?: string;
  /** The place of the tokens and targets of a call, in which they are checked; none when there are none. */
  readonly staging?: Slot;
  /** Two numbers that kernels read from memory, such as a factor. */
  readonly settings: Slot;
}

/**
 * Give every tensor of a net that runs forward its place in memory.
 *
 * @throws {OptionError} When a size is not a positive integer.
 * @throws {PlanError} When the net needs more than 2 GiB.
 */
export function planNet(net: Layer, options: SizeOptions): NetPlan {
  const { plan, planner } = placeLayers(net, options);
  return { ...plan, staging: placeStaging(planner, plan), bytes: planner.finish() };
}

/**
 * Place the staging of a call: two f32 for each double.
 *
 * @param targets The number of doubles beside the tokens.
 */
export function placeStaging(
  planner: Planner,
  { input, decoderInput }: Pick<NetPlan, "input" | "decoderInput">,
  targets = 0,
): Slot | undefined {
  const tokens = (read?: Value) => read && read.kind !== "values" ? read.value.rows : 0;
  const elements = tokens(input) + tokens(decoderInput) + targets;
  return elements ? planner.activation("staging", 1, 2 * elements) : undefined;
}

/**
 * Place the layers of a net. The caller may place more, and then finishes the planner.
 *
 * @param threads The number of threads: each needs a workspace.
 */
export function placeLayers(
  net: Layer,
  options: LayerOptions,
  threads = 1,
): { plan: Omit<NetPlan, "bytes" | "staging">; planner: Planner; scope: Scope } {
  const { batch, steps, decoderSteps = steps, batchFirst, train = false, seed = 0, gradientFlow } = options;
  if (options.decoderSteps && !net.decoderInput) throw new OptionError('"decoderSteps" is for a net with a decoder');
  if (net.output.kind !== "values") {
    throw new ShapeError(`Cannot compile a net that gives ${net.output.kind}: its last layer must give values`);
  }
  const planner = new Planner(batch, steps, train, seed, threads, decoderSteps, gradientFlow);
  const scope = new Scope(planner, planParameters(planner, net));
  const settings = planner.derived("settings", 1, 2);
  const input = inputValue(scope, "input", net.input);
  const decoderInput = net.decoderInput && inputValue(scope.decoder(""), "decoder's input", net.decoderInput);
  const layer = planLayer(net, planner, scope, input, decoderInput);
  const plan = {
    name: net.name ?? "",
    options: { batch, steps, decoderSteps, batchFirst },
    planner,
    input,
    decoderInput,
    layer,
    needs: joinNeeds(layer.needs),
    wholeSequence: net.wholeSequence,
    settings,
  };
  return { plan, planner, scope };
}
