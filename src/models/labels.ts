import { OptionError, requireNumber } from "../errors.ts";

/** The name of a class. */
export type Label = string | number;

/** The classes of a model by their names, numbered from 0. */
export class Labels {
  /** The names. */
  readonly names: readonly Label[];
  readonly #classes: ReadonlyMap<Label, number>;

  /** @throws {OptionError} When there are less than two, one twice, or one that is no text and no finite number. */
  constructor(names: readonly Label[]) {
    this.names = Object.freeze([...names]);
    this.#classes = new Map(this.names.map((name, i) => [name, i]));
    if (names.length < 2) throw new OptionError(`"labels" must have at least two classes, got ${names.length}`);
    if (this.#classes.size < names.length) throw new OptionError('"labels" must not have a class twice');
    for (const name of names) if (typeof name !== "string") requireNumber("labels", name);
  }

  /** @throws {OptionError} When there is no such class. */
  classOf(label: Label, sample: number): number {
    const found = this.#classes.get(label);
    if (found !== undefined) return found;
    const known = this.names.slice(0, 10).map((name) => JSON.stringify(name)).join(", ");
    const more = this.names.length > 10 ? ", …" : "";
    throw new OptionError(
      `Cannot read the label of sample ${sample}: it must be one of ${known}${more}, got ${
        JSON.stringify(label) ?? label
      }`,
    );
  }

  /** The label whose probability is the largest, of several that are the first. */
  mostProbable(probabilities: Float32Array): Label {
    return this.names[probabilities.reduce((best, value, c) => value > probabilities[best] ? c : best, 0)];
  }

  /**
   * The weight of each class; undefined where all count alike. `classes` are those of a training; negative ones do not count.
   *
   * @throws {OptionError} When all of them are one, from which nothing can be learned, or the weights do not fit.
   */
  weights(
    classes: Iterable<number>,
    given: "balanced" | readonly number[] | undefined,
  ): readonly number[] | undefined {
    const C = this.names.length, counts = new Array<number>(C).fill(0);
    for (const c of classes) if (c >= 0) counts[c]++;
    const present = counts.filter((count) => count > 0).length;
    if (present === 1) {
      const only = JSON.stringify(this.names[counts.findIndex((count) => count > 0)]);
      throw new OptionError(`Cannot fit: the samples must have at least two labels, got only ${only}`);
    }
    if (given === undefined) return undefined;
    const n = counts.reduce((sum, count) => sum + count);
    if (given === "balanced") return counts.map((count) => count && n / (present * count));
    if (given.length !== C) {
      throw new OptionError(`"classWeights" must have ${C} elements, one a label, got ${given.length}`);
    }
    return given.map((weight) => requireNumber("classWeights", weight, 0));
  }
}
