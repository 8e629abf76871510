import type { Schedule } from "../schedules/schedule.ts";
import type { Optimizer } from "./optimizer.ts";

/** Numbers of updates for which settings are compared: 0, and powers of the root of 2 up to a million. */
const UPDATES = /* @__PURE__ */ Array.from({ length: 42 }, (_, i) => i && Math.floor(2 ** ((i - 1) / 2)));
/** Metrics that are reported to a schedule: better, equal and worse ones. */
const METRICS = /* @__PURE__ */ Array.from({ length: 60 }, (_, i) => i < 30 ? 1 - i / 40 : 0.5 + (i % 3) / 10);

/**
 * Whether two optimizers make the same updates, so that the moments of one are those of the other. Schedules are
 * functions: they are compared by the rates that they give.
 */
export function haveSameSettings(a: Optimizer, b: Optimizer): boolean {
  if (a === b) return true;
  try {
    return JSON.stringify(describe(a)) === JSON.stringify(describe(b));
  } catch {
    return false; // A schedule that fails now fails in the training, where the error has its place.
  }
}

function describe({ name, moments, groups, schedule, ...optimizer }: Optimizer): unknown {
  const settings = groups.map((group) => [group, UPDATES.map((updates) => optimizer.settings(updates, group))]);
  return [name, moments, settings, schedule && describeSchedule(schedule)];
}

function describeSchedule(schedule: Schedule): unknown {
  let state = schedule.initial;
  const rates = UPDATES.map((updates) => [schedule.rate(1, updates, state), schedule.momentum?.(updates)]);
  const reported = METRICS.map((metric) => {
    state = schedule.report?.(state, metric) ?? state;
    return [state, schedule.rate(1, 0, state)];
  });
  return [schedule.name, schedule.initial, rates, reported];
}
