import { ShapeError } from "../../errors.ts";
import type { Metric } from "./metric.ts";

/** The mean of |x - y| over all elements of outputs x and targets y, weighted by the rows' weights. */
export function meanAbsoluteError(): Metric {
  return meanOf((difference) => Math.abs(difference));
}

/** The mean of (x - y)² over all elements of outputs x and targets y, weighted by the rows' weights. */
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
              `Cannot measure errors: "y" must have ${output.length} numbers, as the output has, got ${y.length}`,
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
