/** Ranks cannot go on together, or MPI cannot be used. */
export class MpiError extends Error {
  /** The name of the class. */
  override readonly name = "MpiError";
}
