/**
 * Data-parallel training on several processes, by an installed MPI library (Open MPI or MPICH). Needs Deno.
 *
 * @module
 */
export { init, type MpiOptions } from "./src/distributed/init.ts";
export { MpiError } from "./src/distributed/mpi_error.ts";
export { MpiWorld } from "./src/distributed/mpi_world.ts";
export type { World, WorldOptions } from "./src/trainer/options.ts";
export { type TrainingAccess, trainingAccess } from "./src/session/training_access.ts";
