/**
 * Data parallel training of several processes by an installed MPI (Open MPI or MPICH), in Deno.
 *
 * @module
 */
export { init, type MpiOptions } from "./src/distributed/init.ts";
export { MpiError } from "./src/distributed/mpi_error.ts";
export { MpiWorld } from "./src/distributed/mpi_world.ts";
export type { World, WorldOptions } from "./src/trainer/options.ts";
