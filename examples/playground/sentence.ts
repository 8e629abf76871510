/** What went wrong, as one sentence for someone who sees the page and not the code. */
export function sentence(error: unknown): string {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const known = message.match(/must have only the (\d+) characters of the vocabulary, got (.*) at index/);
  if (known) return `The net knows the ${known[1]} characters that it was made with, and ${known[2]} is none of them.`;
  if (message.includes('"text" must not be empty')) return "There is no text: choose one, paste one or open a file.";
  if (name === "NonFiniteError") {
    return `The training went astray and has stopped: ${message}. Try a lower learning rate.`;
  }
  if (name === "PlanError" || error instanceof RangeError) {
    return `There is not enough memory for this net: ${message}. Take fewer or narrower layers, or a smaller batch.`;
  }
  return message;
}
