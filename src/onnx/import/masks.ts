/**
 * Masks: exporters compare the numbers of steps with the lengths of rows, and replace the steps behind these. A session
 * has lengths instead.
 */
import type { FindLayer } from "./chain.ts";
import { broadcast, broadcastShape } from "../run/operators/strides.ts";
import { cannotImport, constantOf, type ElementSource, isElementSource, type SymbolicValue } from "./symbolic.ts";

/** For each comparison t ? length: whether it holds within a row, and what is added to t to get the step. */
const COMPARISONS: Readonly<Record<string, { isWithin: boolean; shift: number }>> = {
  Less: { isWithin: true, shift: 0 },
  LessOrEqual: { isWithin: true, shift: -1 },
  GreaterOrEqual: { isWithin: false, shift: 0 },
  Greater: { isWithin: false, shift: -1 },
};

/** The comparison with its sides swapped. */
const SWAPPED: Readonly<Record<string, string>> = {
  Less: "Greater",
  LessOrEqual: "GreaterOrEqual",
  GreaterOrEqual: "LessOrEqual",
  Greater: "Less",
};

/** Less and its kin: the numbers of steps, which are constant, beside the lengths of rows. */
export const compare: FindLayer = (_, { label, operator }, [a, b]) => {
  const numbers = constantOf(a) ?? constantOf(b), lengths = isElementSource(a) ? a : b;
  if (!numbers || !isElementSource(lengths) || !isLengths(lengths)) {
    throw cannotImport(label, "it does not compare the numbers of steps with the lengths of rows");
  }
  const { isWithin, shift } = COMPARISONS[constantOf(a) ? operator : SWAPPED[operator]];
  const shape = broadcastShape(numbers.shape, lengths.indices.shape);
  const t = broadcast(numbers, shape).data, b_ = broadcast(lengths.indices, shape);
  const B = 1 + Float64Array.from(lengths.indices.data).reduce((a, b) => Math.max(a, b), 0);
  const data = b_.data.map((b, i) => (t[i] + shift) * B + b);
  if (!data.every((index) => Number.isInteger(index) && index >= 0)) {
    throw cannotImport(label, "steps have the numbers 0, 1, 2 ...");
  }
  const { source } = lengths;
  return [{ source: `steps within ${source}`, indices: { ...b_, data }, isMask: { lengths: source, B, isWithin } }];
};

/** Whether a value may be the lengths of rows: integers of an input of the model, one for each row. */
function isLengths({ source, isInteger, isTruncated, indices: { shape }, isMask }: ElementSource): boolean {
  return !isMask && isInteger !== undefined && !isTruncated && source.startsWith("input ") &&
    shape.filter((extent) => extent > 1).length <= 1;
}

/** Not, of a mask. */
export const not: FindLayer = (_, { label }, [x]) => [inverted(label, x)];

/** Equal, of a mask and a number: the mask, or its opposite. */
export function equalMask(label: string, values: readonly (SymbolicValue | undefined)[]): ElementSource | undefined {
  const mask = values.find((value) => isElementSource(value) && value.isMask) as ElementSource | undefined;
  const [number, ...more] = values.flatMap((value) => [...constantOf(value)?.data ?? []]);
  if (!mask || more.length) return undefined;
  return number ? mask : inverted(label, mask);
}

function inverted(label: string, x: SymbolicValue | undefined): ElementSource {
  if (!isElementSource(x) || !x.isMask) throw cannotImport(label, "it does not read a mask");
  return { ...x, isMask: { ...x.isMask, isWithin: !x.isMask.isWithin } };
}

/** Where, of a mask, rows and a number: the rows with the number behind their lengths. */
export const where: FindLayer = (_, { label }, [mask, a, b]) => {
  if (!isElementSource(mask) || !mask.isMask) throw cannotImport(label, "its condition is not a mask of lengths");
  const [x, other] = mask.isMask.isWithin ? [a, b] : [b, a];
  const [value, ...more] = new Set(constantOf(other)?.data);
  if (!isElementSource(x) || value === undefined || more.length) {
    throw cannotImport(label, "it must replace the steps behind the lengths of rows by one number");
  }
  return [padded(label, x, mask, value)];
};

/** The product of rows and a mask: zeros behind the lengths of rows. Undefined for other factors. */
export function masked(label: string, factors: readonly (SymbolicValue | undefined)[]): ElementSource | undefined {
  const mask = factors.find((value) => isElementSource(value) && value.isMask?.isWithin) as ElementSource | undefined;
  const x = factors.find((value) => value !== mask);
  return mask && isElementSource(x) ? padded(label, x, mask, 0) : undefined;
}

function padded(label: string, x: ElementSource, mask: ElementSource, value: number): ElementSource {
  const { shape } = x.indices;
  const isRow = broadcastShape(shape, mask.indices.shape).join() === shape.join();
  if (!isRow || x.padding || x.isMask) throw cannotImport(label, "its mask must have an element for each step");
  const steps = broadcast(mask.indices, shape);
  return { ...x, padding: { lengths: mask.isMask!.lengths, value, steps } };
}

/** The lengths of rows that the sum of a mask over time gives; undefined for other values. */
export function counted(x: ElementSource, axis: number, keepsAxis: boolean): ElementSource | undefined {
  if (!x.isMask?.isWithin) return undefined;
  const { isMask: { B, lengths }, indices: { shape, data } } = x;
  const T = shape[axis], inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const rows = data.filter((_, i) => Math.floor(i / inner) % T === 0);
  const isWhole = data.every((index, i) => Math.floor(index / B) === Math.floor(i / inner) % T);
  if (!isWhole) return undefined;
  const extents = keepsAxis ? shape.with(axis, 1) : shape.toSpliced(axis, 1);
  const indices = { type: x.indices.type, shape: extents, data: rows.map((index) => index % B) };
  return { source: lengths, indices, isInteger: true };
}

/** Clip or Max of lengths, which are 1 at least. */
export const atLeastOne: FindLayer = (_, { label }, [x, low, high]) => {
  const isBelow = (constantOf(low)?.data ?? [0]).every((number) => number <= 1);
  if (isElementSource(x) && isLengths(x) && isBelow && !high) return [x];
  throw cannotImport(label, "there is no such layer");
};
