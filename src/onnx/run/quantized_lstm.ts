import type { NodeMessage } from "../format/schema.ts";

/** The LSTM of onnxruntime with weights of bytes. */
export const QUANTIZED_LSTM = "com.microsoft.DynamicQuantizeLSTM";

/** The domain of operators that no file has. */
export const OWN_DOMAIN = "unroll";

/**
 * Such a node as an LSTM of floats, after nodes that make floats of its weights. onnxruntime also rounds the states to
 * bytes; here they stay floats, so that the results are nearer to those of the net that was quantized.
 */
export function withFloatWeights(message: NodeMessage): NodeMessage[] {
  const { input, output } = message, prefix = `${output.find((name) => name) ?? ""} of floats`;
  const weight = (i: number): NodeMessage => ({
    input: [input[i] ?? "", input[6 + 2 * i] ?? "", input[7 + 2 * i] ?? ""],
    output: [`${prefix} ${i}`],
    name: message.name,
    operator: "RecurrentWeight",
    attribute: [],
    domain: OWN_DOMAIN,
  });
  const inputs = [input[0] ?? "", `${prefix} 1`, `${prefix} 2`, ...input.slice(3, 8)];
  return [weight(1), weight(2), { ...message, input: inputs, operator: "LSTM", domain: "" }];
}
