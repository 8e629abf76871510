import { OptionError } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";
import type { ParameterSlot, Planner } from "../memory/planner.ts";
import type { Group } from "../training/optimizers/optimizer.ts";
import { type NetPlan, type ParameterRange, planNet, type PlanOptions } from "../runtime/plan.ts";

/**
 * The plan of a net that may be trained: `planNet`, and which parameters an update changes. Pages that only run nets do
 * without the second part.
 *
 * @throws {OptionError} When a size is not a positive integer, or a name or pattern fits no parameter.
 * @throws {PlanError} When more than 2 GiB are needed.
 */
export function planTraining(net: Layer, options: PlanOptions, threads = 1): NetPlan {
  const frozen = options.frozen?.map((name) => net.tied?.[name] ?? name),
    plan = planNet(net, { ...options, frozen }, threads);
  return { ...plan, trained: trainedStretches(plan.planner, frozen ?? [], options.optimizer?.groups ?? []) };
}

/**
 * The parameters that are not frozen, by group, neighbours joined.
 *
 * @throws {OptionError} When a name or pattern fits no parameter, or two groups have the same parameter.
 */
function trainedStretches(planner: Planner, frozen: readonly string[], groups: readonly Group[]): ParameterRange[] {
  const names = planner.parameters.map(({ name }) => name);
  const unknown = frozen.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new OptionError(`Cannot freeze "${unknown}": the net has no such parameter`);
  const groupOf = assignGroups(planner.parameters, groups);
  const starts = planner.parameters.map(({ value }) => (value.address - planner.ranges.value) / 4);
  starts.push(planner.elements);
  const stretches: { from: number; elements: number; group: number }[] = [];
  names.forEach((name, i) => {
    const from = starts[i], elements = starts[i + 1] - from, group = groupOf.get(name) ?? 0, last = stretches.at(-1);
    if (frozen.includes(name)) return;
    if (last && last.group === group && last.from + last.elements === from) last.elements += elements;
    else stretches.push({ from, elements, group });
  });
  return stretches;
}

/** The index of the group of each parameter that is in one by any of its names. */
function assignGroups(all: readonly ParameterSlot[], groups: readonly Group[]): Map<string, number> {
  const assigned = new Map<string, number>();
  groups.forEach(({ parameters }, group) => {
    for (const pattern of parameters) {
      const matches = all.filter(({ name, aliases }) => [name, ...aliases].some((one) => fits(one, pattern)));
      if (!matches.length) throw new OptionError(`Cannot group "${pattern}": the net has no such parameter`);
      for (const { name } of matches) {
        const other = assigned.get(name) ?? group;
        if (other !== group) throw new OptionError(`Cannot group "${pattern}": "${name}" is in another group already`);
        assigned.set(name, group);
      }
    }
  });
  return assigned;
}

/** Whether a name is what the pattern says, `*` standing for any part. */
function fits(name: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(name);
}
