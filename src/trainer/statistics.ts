import { count, flag, REQUIRED, type Table } from "../options.ts";
import { histogram } from "../session/statistics.ts";
import type { Session } from "../session/session.ts";
import type { Statistics } from "./events.ts";

/** Options of training statistics. */
export interface StatisticsOptions {
  /** Updates between two statistics. */
  every: number;
  /**
   * Whether to say how the gradient flows from step to step, in a session compiled with `gradientFlow`. Default false.
   */
  gradientFlow?: boolean;
}

/** Options of training statistics. */
export const STATISTICS = { every: [count, REQUIRED], gradientFlow: [flag] } satisfies Table<StatisticsOptions>;

/** The statistics of a session between backward and update, so before clipping. */
export function readStatistics(
  session: Session,
  { gradientFlow }: Pick<StatisticsOptions, "gradientFlow">,
): Statistics {
  const gradients = new Map<string, number>();
  for (const [name, { data }] of session.gradients()) {
    gradients.set(name, Math.sqrt(data.reduce((sum, value) => sum + value * value, 0)));
  }
  const each = [...session.parameters()];
  const parameters = new Map(each.map(([name, { data }]) => [name, histogram((visit) => data.forEach(visit))]));
  const statistics = { gradients, activations: session.activations(), parameters };
  return gradientFlow ? { ...statistics, gradientFlow: session.gradientFlow() } : statistics;
}
