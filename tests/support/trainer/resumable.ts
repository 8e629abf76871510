import {
  adagrad,
  adam,
  adamw,
  clipNorm,
  compile,
  cosine,
  dense,
  embedding,
  gru,
  type Layer,
  type Optimizer,
  recurrent,
  rmsprop,
  sequential,
  type Session,
  sgd,
} from "../../../mod.ts";
import { oneCycle, reduceOnPlateau } from "../../../schedules.ts";
import { SMALL, smallData, VOCABULARY } from "../session/small_net.ts";

/** Steps of a training that is cut. */
export const STEPS = 20;
const groups = [{ parameters: ["*bias*"], learningRate: 0.003, weightDecay: 0 }];

/** One of every kind of optimizer and schedule. */
export const OPTIMIZERS: Record<string, Optimizer> = {
  sgd: sgd({ schedule: cosine({ steps: 15, warmUp: 4 }) }),
  "sgd, dampened": sgd({ momentum: 0.9, dampening: 0.5, groups }),
  "sgd, nesterov": sgd({ momentum: 0.9, nesterov: true, schedule: oneCycle({ steps: 20, momentum: [0.8, 0.95] }) }),
  rmsprop: rmsprop({ schedule: reduceOnPlateau({ patience: 1, cooldown: 1, factor: 0.5 }) }),
  "rmsprop, centered": rmsprop({ centered: true, momentum: 0.9, epsilon: 0.01, groups }),
  adagrad: adagrad({ learningRateDecay: 0.1, initialAccumulator: 0.1 }),
  adam: adam({ weightDecay: 0.01, groups }),
  adamw: adamw({ amsgrad: true, schedule: reduceOnPlateau({ patience: 0, factor: 0.7 }) }),
};

/** Random numbers between the layers, so that the count of passes matters. */
export function net(): Layer {
  return sequential({
    embedding: embedding(VOCABULARY, 5),
    rnn: recurrent(gru(), { input: 5, hidden: [6, 6], dropout: 0.3 }),
    decoder: dense(6, VOCABULARY),
  });
}

/** The session that a training starts with, or is continued in. */
export function start(optimizer: Optimizer): Promise<Session> {
  return compile(net(), { ...SMALL, clip: clipNorm(0.5), averageDecay: 0.9, optimizer });
}

/** Steps `from` to `to` of a training; a metric every third. Their losses. */
export function train(session: Session, from: number, to: number): number[] {
  const losses = [];
  for (let i = from; i < to; i++) {
    const { loss } = session.step(smallData(SMALL.steps, SMALL.batch, i), { states: i ? "carry" : "zero" });
    losses.push(loss);
    if (i % 3 === 0) session.report(loss);
  }
  return losses;
}
