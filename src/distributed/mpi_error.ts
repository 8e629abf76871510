/** MPI cannot be used, or the ranks cannot train together. */
export class MpiError extends Error {
  /** The name of the class. */
  override readonly name = "MpiError";
}
