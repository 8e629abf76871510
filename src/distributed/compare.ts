import { MpiError } from "./mpi_error.ts";

/** The longest that a value is shown. */
const SHOWN = 160;

/** What is wrong when ranks begin different trainings: the first difference of each rank from rank 0. */
export function compareTrainings(trainings: readonly Record<string, unknown>[]): MpiError {
  const [first, ...others] = trainings;
  const faults = others.flatMap((training, i) => {
    const keys = [...new Set([...Object.keys(first), ...Object.keys(training)])];
    const key = keys.find((key) => JSON.stringify(training[key]) !== JSON.stringify(first[key]));
    return key === undefined ? [] : [`"${key}" of rank ${i + 1} is ${difference(training[key], first[key])}`];
  });
  return new MpiError(
    `Cannot train together: ${faults.join("; ")}; all ranks must run the same program with the same library`,
  );
}

/** Two values, from where they begin to differ. */
function difference(value: unknown, other: unknown): string {
  const [a, b] = [value, other].map((each) => JSON.stringify(each) ?? "missing");
  let from = 0;
  while (a[from] === b[from]) from++;
  from = Math.max(0, from - 40);
  const show = (text: string) =>
    (from ? "…" : "") + text.slice(from, from + SHOWN) + (text.length > from + SHOWN ? "…" : "");
  return `${show(a)}, that of rank 0 ${show(b)}`;
}
