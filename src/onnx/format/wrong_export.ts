import { FormatError } from "../../errors.ts";
import type { GraphMessage } from "./schema.ts";

/** What is wrong with PyTorch's LSTM with `proj_size`, of which the exporter of 2.9 to 2.13 drops the projection. */
export const WRONG_PROJECTION =
  "its states h and c have different widths: the exporter of PyTorch writes an LSTM with proj_size as one without, and " +
  "no runtime computes its outputs. Save net.state_dict() instead, for lstm({ projection }): see readPytorch";

/**
 * Refuses files that an exporter has written wrongly, with what to do instead.
 *
 * @throws {FormatError} When a file is one of these.
 */
export function refuseWrongExport({ node, initializer }: GraphMessage): void {
  const widths = new Map(initializer.map(({ name, dims }) => [name, dims.at(-1)]));
  for (const { operator, input, name } of node) {
    if (operator !== "LSTM") continue;
    const [h, c] = [widths.get(input[5]), widths.get(input[6])];
    if (h && c && h !== c) throw new FormatError(`Cannot read ONNX: node "${name}" (LSTM): ${WRONG_PROJECTION}`);
  }
}
