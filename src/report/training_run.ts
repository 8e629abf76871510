import type { FitEvaluation, FitEvent } from "../models/language_model_options.ts";
import type { Histogram } from "../session/histogram.ts";
import type { Statistics, StepEvent, TrainingEvent } from "../trainer/events.ts";
import type { Clip } from "../training/clip.ts";
import { Curve } from "./curve.ts";
import { Snapshots } from "./snapshots.ts";

/** Norms by time step, of some neighbouring steps each: of `steps` of them there are as many numbers, or 40. */
export interface FlowProfile {
  readonly steps: number;
  readonly norms: readonly number[];
}

/** Columns of a heat map, slices of histograms, samples: at most. */
const FLOWS = 48, HISTOGRAMS = 16, SAMPLES = 12;
/** Rows of a heat map. */
const ROWS = 40;
/** Characters of a sample. */
const LONGEST = 2000;

/** What a report keeps of one training. */
export class TrainingRun {
  readonly loss = new Curve();
  readonly validation = new Curve();
  readonly metrics: Map<string, Curve> = new Map();
  readonly learningRate = new Curve();
  readonly gradientNorm = new Curve();
  /** 1 where a step's gradients were clipped, else 0. */
  readonly clipped = new Curve();
  /** By recurrent layer and direction. */
  readonly flows: Map<string, Snapshots<FlowProfile>> = new Map();
  /** By parameter: its elements, and the norm of its gradient. */
  readonly parameters: Map<string, Snapshots<Histogram>> = new Map();
  readonly gradients: Map<string, Curve> = new Map();
  /** By layer: its outputs, and the share of them that are saturated. */
  readonly activations: Map<string, Snapshots<Histogram>> = new Map();
  readonly saturated: Map<string, Curve> = new Map();
  readonly samples: Snapshots<string> = new Snapshots(SAMPLES);
  /** Updates so far. */
  step = 0;
  epoch = 0;
  /** Why it ended, when it has said so. */
  reason: string | undefined;

  constructor(
    /** What its gradients are clipped by. */
    readonly clip: Clip | undefined,
  ) {}

  /** Take what an event says. */
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

  /** Take an evaluation after the last step. */
  evaluation(
    { loss, metrics = {} }: { readonly loss: number; readonly metrics?: Readonly<Record<string, unknown>> },
  ): void {
    this.validation.add(this.step, loss);
    for (const [name, value] of Object.entries(metrics)) {
      if (typeof value === "number") entry(this.metrics, name, () => new Curve()).add(this.step, value);
    }
  }

  /** A text that the net has written after the last step. */
  sample(text: string): void {
    this.samples.add(this.step, text.length > LONGEST ? text.slice(0, LONGEST) + " ..." : text);
  }

  #step({ step, loss, gradientNorm, learningRate }: StepEvent | FitEvent): void {
    this.loss.add(step, loss);
    this.gradientNorm.add(step, gradientNorm);
    this.learningRate.add(step, learningRate);
    if (this.clip?.by === "norm") this.clipped.add(step, Number(gradientNorm > this.clip.limit));
  }

  #statistics({ gradients, activations, parameters, gradientFlow = new Map() }: Statistics): void {
    const { step } = this, curve = () => new Curve(), histograms = () => new Snapshots<Histogram>(HISTOGRAMS);
    for (const [name, norm] of gradients) entry(this.gradients, name, curve).add(step, norm);
    for (const [name, histogram] of parameters) entry(this.parameters, name, histograms).add(step, histogram);
    for (const [name, { histogram, saturated }] of activations) {
      entry(this.activations, name, histograms).add(step, histogram);
      entry(this.saturated, name, curve).add(step, saturated);
    }
    for (const [name, norms] of gradientFlow) {
      entry(this.flows, name, () => new Snapshots<FlowProfile>(FLOWS)).add(step, profile(norms));
    }
  }
}

function entry<T>(map: Map<string, T>, name: string, make: () => T): T {
  const found = map.get(name) ?? make();
  map.set(name, found);
  return found;
}

/** Root mean squares of the norms of neighbouring time steps. */
function profile(norms: ArrayLike<number>): FlowProfile {
  const steps = norms.length, rows = Math.min(steps, ROWS), edge = (i: number) => Math.round(i * steps / rows);
  return {
    steps,
    norms: Array.from({ length: rows }, (_, i) => {
      let sum = 0;
      for (let t = edge(i); t < edge(i + 1); t++) sum += norms[t] * norms[t];
      return Math.sqrt(sum / (edge(i + 1) - edge(i)));
    }),
  };
}
