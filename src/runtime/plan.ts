import { OptionError, requireInteger, ShapeError } from "../errors.ts";
import type { Layer, PlannedLayer } from "../layers/layer.ts";
import { planParameters } from "../layers/tying.ts";
import { Planner } from "../memory/planner.ts";
import { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import type { Initialiser } from "../ops/initialise.ts";
import { inputValue, type Value } from "../ops/value.ts";
import { type Clip, type ClipSlots, NORM_BLOCK } from "../training/clip.ts";
import type { Loss, PlannedLoss } from "../training/losses/loss.ts";
import { type Optimizer, SETTINGS_LENGTH } from "../training/optimizers/optimizer.ts";

/** What a session is compiled for. */
export interface PlanOptions {
  /** The largest number of rows B of a call. */
  batch: number;
  /** The largest number of time steps T of a call. */
  steps: number;
  /** Of a net with a decoder: the largest number of time steps of what that one reads and writes. Default: `steps`. */
  decoderSteps?: number;
  /** Whether sequences outside are `[B, T, ...]` instead of `[T, B, ...]`. States are `[B, ...]` either way. Default false. */
  batchFirst?: boolean;
  /**
   * Whether `step` takes sequences longer than `steps`, in segments of so many, each run forward twice: the same gradients in the
   * memory of one segment. Default false.
   */
  recompute?: boolean;
  /** Whether gradients are wanted. Default: whether an optimizer is given. */
  train?: boolean;
  /** What `step` and `evaluate` measure. */
  loss?: Loss;
  /** How `step` updates the parameters. */
  optimizer?: Optimizer;
  /** Gradient clipping in `step`. Default none. */
  clip?: Clip;
  /**
   * Whether an update whose loss or gradient norm is not finite is left out and counted, as `skipped`, instead of
   * throwing NonFiniteError. Default false.
   */
  skipNonFinite?: boolean;
  /** Names of parameters that `step` leaves as they are. Default none. */
  frozen?: readonly string[];
  /**
   * Whether the gradients of the recurrent layers' outputs h(t) are kept, for `session.gradientFlow()`: `steps` blocks
   * `[B, H]` of memory for each layer and direction in the place of two. Needs gradients. Default false.
   *
   * It is all of the gradient of h(t): what comes from above at step t, and what flows back from step t + 1 (against
   * time, from step t - 1; t is the step of the sequence). Other states, such as an LSTM's c, are left out, and so are
   * steps behind a row's length. It is that of the last backward, be it of `backward`, `step` or `accumulate`, where a
   * mean over rows divides it by their number; clipping, which comes later, does not change it. Norms are summed in
   * doubles in one order: the same bits for any number of threads, and for segments of a `recompute`.
   */
  gradientFlow?: boolean;
  /**
   * Keep an exponential moving average of all parameters: after each update average += (1 - averageDecay)(parameters
   * - average), the first time all of them, as PyTorch's `AveragedModel` with `get_ema_multi_avg_fn`. From 0 to below
   * 1; default none.
   */
  averageDecay?: number;
  /** Seed of the parameters' first values, a non-negative integer. Default 0. */
  seed?: number;
}

/** Elements of the range of all parameters that are updated alike. */
export interface ParameterRange {
  readonly from: number;
  readonly elements: number;
  /** Index of the optimizer's group. */
  readonly group: number;
}

/** A net with every tensor's place in memory, and nothing in it yet. */
export interface NetPlan {
  /** Of the net's equations. */
  readonly name: string;
  readonly options: PlanOptions;
  readonly planner: Planner;
  readonly bytes: number;
  readonly initial: readonly Initialiser[];
  readonly input: Value;
  /** Of a net with a decoder. */
  readonly decoderInput?: Value;
  readonly layer: PlannedLayer;
  readonly loss?: PlannedLoss;
  readonly norm: ClipSlots;
  readonly settings: Slot;
  /** Settings of the optimizer, for each of its groups. */
  readonly groupSettings: readonly Slot[];
  readonly moments: readonly Slot[];
  /** The moving average of all parameters, and the share that an update has in it. */
  readonly average?: { readonly value: Slot; readonly mix: Slot };
  /** The trained parameters, neighbours of a group joined; none in a net that is only run. */
  readonly trained: readonly ParameterRange[];
}

/**
 * Give every tensor of a net its place; for a session see `planTraining`.
 *
 * @throws {OptionError} When a size is not a positive integer.
 * @throws {PlanError} When more than 2 GiB are needed.
 */
export function planNet(net: Layer, options: PlanOptions, threads = 1): NetPlan {
  const { batch, steps, optimizer, averageDecay, train = optimizer !== undefined, seed = 0 } = options;
  requireInteger("batch", batch, 1);
  requireInteger("steps", steps, 1);
  requireInteger("seed", seed, 0);
  const { decoderSteps = steps } = options;
  requireInteger("decoderSteps", decoderSteps, 1);
  if (options.decoderSteps && !net.decoderInput) throw new OptionError('"decoderSteps" is for a net with a decoder');
  if (net.output.kind !== "values") {
    throw new ShapeError(`Cannot compile a net that gives ${net.output.kind}: its last layer must give values`);
  }
  const planner = new Planner(batch, steps, train, seed, threads, decoderSteps);
  if (options.gradientFlow) planner.flows = [];
  const declared = Object.entries(net.parameters);
  const parameters = planParameters(planner, net), scope = new Scope(planner, parameters);

  const { moments = [], groups = [] } = optimizer ?? {};
  const momentSlots = moments.map(({ name }) => planner.moment(name));
  const average = averageDecay === undefined
    ? undefined
    : { value: planner.moment("average"), mix: planner.derived("average mix", 1, 1) };
  const settings = planner.derived("settings", 1, SETTINGS_LENGTH);
  const groupSettings = groups.map((_, i) => planner.derived(`settings of group ${i}`, 1, SETTINGS_LENGTH));
  const norm = {
    sums: planner.derived("sums of squares", 1, 2 * Math.ceil(planner.elements / NORM_BLOCK)),
    norm: planner.derived("gradient norm", 1, 1),
    scale: planner.derived("gradient scale", 1, 1),
    limit: planner.derived("gradient limit", 1, 1),
    power: planner.derived("order of the norm", 1, 1),
  };
  const input = inputValue(scope, "input", net.input);
  const decoderInput = net.decoderInput && inputValue(scope.decoder(""), "decoder's input", net.decoderInput);
  if (options.loss && net.output.parts) {
    throw new OptionError(`Cannot measure a loss of two sequences: the net ends with merge "none"`);
  }
  const layer = net.plan(scope, input, decoderInput);
  const loss = options.loss?.plan(scope, layer.output);
  const bytes = planner.finish();
  return {
    name: net.name ?? "",
    options: { ...options, train, seed, decoderSteps },
    planner,
    bytes,
    initial: declared.map(([, { initial }]) => initial),
    input,
    decoderInput,
    layer,
    loss,
    norm,
    settings,
    groupSettings,
    moments: momentSlots,
    average,
    trained: [],
  };
}
