/** Runs a worker's task. An error becomes an error whose message is for the page's reader. */
export async function withErrorMessage<Result>(task: () => Promise<Result>): Promise<Result> {
  try {
    return await task();
  } catch (error) {
    throw new Error(errorMessage(error));
  }
}

/** The error as a sentence for a reader who sees the page and not the code. */
function errorMessage(error: unknown): string {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const known = message.match(/must have only the (\d+) characters of the vocabulary, got (.*) at index/);
  if (known) return `The net knows the ${known[1]} characters of its text, and ${known[2]} is none of them.`;
  if (message.includes('"text" must not be empty')) return "There is no text: choose one, paste one or open a file.";
  if (name === "NonFiniteError") return `The training has stopped: ${message}. Try a lower learning rate.`;
  if (name === "PlanError" || error instanceof RangeError) {
    return `There is not enough memory for this net: ${message}. Take fewer or narrower layers, or a smaller batch.`;
  }
  return message;
}
