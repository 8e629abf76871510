import type { FitEvaluation, FitEvent } from "../models/language_model_options.ts";
import type { Histogram } from "../session/statistics.ts";
import type { Statistics, StepEvent, TrainingEvent } from "../trainer/events.ts";
import type { Clip } from "../training/clip.ts";
import type { FlowProfile } from "./flow_figure.ts";
import { Curve, Snapshots } from "./series.ts";

/** Maximum number of columns and rows of a heat map. */
const FLOW_COLUMNS = 48, FLOW_ROWS = 40;
/** Maximum number of histograms of a tensor, and of samples. */
const HISTOGRAMS = 16, SAMPLES = 12;
/** Maximum number of characters of a sample. */
const SAMPLE_LENGTH = 2000;

/** Data of one training for a report. */
export class TrainingRun {
  readonly loss = new Curve();
  readonly validation = new Curve();
  readonly metrics: Map<string, Curve> = new Map();
  readonly learningRate = new Curve();
  readonly gradientNorm = new Curve();
  /** 1 where a step's gradients were clipped, else 0. */
  readonly clipped = new Curve();
  /** Gradient norm by time step, for each recurrent layer and direction. */
  readonly flows: Map<string, Snapshots<FlowProfile>> = new Map();
  /** Histograms of the elements of each parameter. */
  readonly parameters: Map<string, Snapshots<Histogram>> = new Map();
  /** Gradient norm of each parameter. */
  readonly gradients: Map<string, Curve> = new Map();
  /** Histograms of the outputs of each layer. */
  readonly activations: Map<string, Snapshots<Histogram>> = new Map();
  /** Fraction of saturated outputs of each layer. */
  readonly saturated: Map<string, Curve> = new Map();
  readonly samples: Snapshots<string> = new Snapshots(SAMPLES);
  /** Number of updates. */
  step = 0;
  epoch = 0;
  /** Reason why the training ended, if it has ended. */
  reason: string | undefined;

  constructor(
    /** Clipping of the gradients. */
    readonly clip: Clip | undefined,
  ) {}

  /** Add an event. */
  add(event: TrainingEvent | FitEvent | FitEvaluation): void {
    this.step = event.step;
    this.epoch = event.epoch;
    if (event.type === "step") {
      this.#step(event);
      if ("statistics" in event && event.statistics) this.#statistics(event.statistics);
    } else if (event.type === "statistics") this.#statistics(event);
    else if (event.type === "evaluation") this.evaluation(event);
    else if (event.type === "end") this.reason = event.reason;
  }

  /** Add an evaluation after the last step. */
  evaluation(
    { loss, metrics = {} }: { readonly loss: number; readonly metrics?: Readonly<Record<string, unknown>> },
  ): void {
    this.validation.add(this.step, loss);
    for (const [name, value] of Object.entries(metrics)) {
      if (typeof value === "number") entry(this.metrics, name, () => new Curve()).add(this.step, value);
    }
  }

  /** Add a text that the net generates after the last step. */
  sample(text: string): void {
    this.samples.add(this.step, text.length > SAMPLE_LENGTH ? text.slice(0, SAMPLE_LENGTH) + " ..." : text);
  }

  #step({ step, loss, gradientNorm, learningRate }: StepEvent | FitEvent): void {
    this.loss.add(step, loss);
    this.gradientNorm.add(step, gradientNorm);
    this.learningRate.add(step, learningRate);
    if (this.clip?.by === "norm") this.clipped.add(step, Number(gradientNorm > this.clip.limit));
  }

  #statistics({ gradients, activations, parameters, gradientFlow = new Map() }: Statistics): void {
    const { step } = this;
    const curve = () => new Curve();
    const histograms = () => new Snapshots<Histogram>(HISTOGRAMS);
    for (const [name, norm] of gradients) entry(this.gradients, name, curve).add(step, norm);
    for (const [name, histogram] of parameters) entry(this.parameters, name, histograms).add(step, histogram);
    for (const [name, { histogram, saturated }] of activations) {
      entry(this.activations, name, histograms).add(step, histogram);
      entry(this.saturated, name, curve).add(step, saturated);
    }
    for (const [name, norms] of gradientFlow) {
      entry(this.flows, name, () => new Snapshots<FlowProfile>(FLOW_COLUMNS)).add(step, profile(norms));
    }
  }
}

function entry<T>(map: Map<string, T>, name: string, make: () => T): T {
  const found = map.get(name) ?? make();
  map.set(name, found);
  return found;
}

/** Root mean square of the norms of each group of neighbouring time steps. */
function profile(norms: ArrayLike<number>): FlowProfile {
  const steps = norms.length, rows = Math.min(steps, FLOW_ROWS);
  const edge = (i: number) => Math.round(i * steps / rows);
  return {
    steps,
    norms: Array.from({ length: rows }, (_, i) => {
      let sum = 0;
      for (let t = edge(i); t < edge(i + 1); t++) sum += norms[t] * norms[t];
      return Math.sqrt(sum / (edge(i + 1) - edge(i)));
    }),
  };
}
