import type { Metrics } from "../trainer/evaluate.ts";
import type { TrainingEvent } from "../trainer/events.ts";
import type { TrainingHistory } from "../trainer/history.ts";
import type { Training } from "../trainer/training.ts";
import { TrainingRun } from "../trainer/training_run.ts";
import type { FitPlan, TrainableModel } from "./model.ts";
import type { ModelDescription } from "./run/model_file.ts";
import type { TrainingThreads } from "./training_threads.ts";

/** The training of a model, made by its `fit`: an async iterable of events, and a promise of its history. */
export class ModelTraining<M extends Metrics, Event = TrainingEvent<M>> extends TrainingRun<Event, TrainingHistory<M>> {
  readonly #model: Pick<TrainableModel<ModelDescription>, "begin" | "parameters">;
  readonly #plan: () => FitPlan<M>;
  readonly #translate: (events: AsyncIterable<TrainingEvent<M>>) => AsyncGenerator<Event, void, void>;
  #training: Training<M> | undefined;
  #threads: TrainingThreads | undefined;

  /**
   * The `fit` of a model makes trainings.
   *
   * @param plan Reads the options, when the training starts.
   * @param translate The events of the model from those of the trainer.
   */
  constructor(
    model: Pick<TrainableModel<ModelDescription>, "begin" | "parameters">,
    plan: () => FitPlan<M>,
    translate: (events: AsyncIterable<TrainingEvent<M>>) => AsyncGenerator<Event, void, void>,
  ) {
    super();
    this.#model = model;
    this.#plan = plan;
    this.#translate = translate;
  }

  /** Train. */
  protected override async *run(): AsyncGenerator<Event, void, void> {
    try {
      let restarts = false;
      if (!this.#training) {
        ({ training: this.#training, threads: this.#threads, restarts } = await this.#model.begin(this, this.#plan()));
      }
      const events = withRestart(this.#training, restarts);
      yield* this.#translate(this.#threads?.run(events) ?? events);
    } catch (error) {
      this.#model.parameters.requireOpen(); // The error of a model that was disposed meanwhile speaks of the model.
      throw error;
    }
  }

  /** Suspend the training, as breaking out of a loop does: its workers end. */
  override return(): Promise<IteratorResult<Event, void>> {
    this.#threads?.rest();
    return super.return();
  }

  /** What awaiting gives: the history so far. */
  override get history(): TrainingHistory<M> {
    return this.#training?.history ?? { losses: [], epochs: [], evaluations: [] };
  }
}

/** A training whose events are those of the trainer. */
export function trainModel<M extends Metrics>(
  model: Pick<TrainableModel<ModelDescription>, "begin" | "parameters">,
  plan: () => FitPlan<M>,
): ModelTraining<M> {
  return new ModelTraining(model, plan, async function* (events) {
    yield* events;
  });
}

/** The events, behind that of a restart if there is one. */
async function* withRestart<M extends Metrics>(
  training: Training<M>,
  restarts: boolean,
): AsyncGenerator<TrainingEvent<M>, void, void> {
  if (restarts) yield { type: "restart", step: 0, epoch: 1, reason: "optimizer" };
  yield* training;
}
