import { ShapeError } from "../../errors.ts";
import type { Metric } from "./metric.ts";

/** The mean of |x - y| over all numbers of outputs x and targets y; a row's count with its weight. */
export function meanAbsoluteError(): Metric {
  return meanOf((difference) => Math.abs(difference));
}

/** The mean of (x - y)² over all numbers of outputs x and targets y; a row's count with its weight. */
export function meanSquaredError(): Metric {
  return meanOf((difference) => difference * difference);
}

function meanOf(error: (difference: number) => number): Metric {
  return {
    better: "lower",
    start() {
      let sum = 0, count = 0;
      return {
        add({ output, y, layout: { output: width }, forEach }) {
          if (y.length !== output.length) {
            throw new ShapeError(
              `Cannot measure errors: "y" must have a number for each of ${output.length} of the output, got ${y.length}`,
            );
          }
          forEach((row, weight) => {
            for (let i = row * width; i < (row + 1) * width; i++) sum += weight * error(output[i] - y[i]);
            count += weight * width;
          });
        },
        value: () => sum / count,
      };
    },
  };
}
