import type { PlanBuilder } from "./plan_builder.ts";
import type { PlanValue } from "./plan_value.ts";

/**
 * Plans the outputs of a node, none of whose outputs is known; undefined when it cannot plan these inputs, which then
 * run by the operator's `compute`.
 */
export type PlanRule = (plan: PlanBuilder, inputs: readonly (PlanValue | undefined)[]) => PlanValue[] | undefined;
