import { OptionError, requireNumber } from "../../errors.ts";

/** The name of a class. */
export type Label = string | number;

/** The classes of a model by their names. Class c has the name `names[c]`. */
export class Labels {
  /** The names. */
  readonly names: readonly Label[];
  readonly #classes: ReadonlyMap<Label, number>;

  /** @throws {OptionError} When there are fewer than two names, a name twice, or a number that is not finite. */
  constructor(names: readonly Label[]) {
    this.names = Object.freeze([...names]);
    this.#classes = new Map(this.names.map((name, i) => [name, i]));
    if (names.length < 2) throw new OptionError(`"labels" must have at least two classes, got ${names.length}`);
    if (this.#classes.size < names.length) throw new OptionError('"labels" must not have a class twice');
    for (const name of names) if (typeof name !== "string") requireNumber("labels", name);
  }

  /**
   * The class of a label.
   *
   * @param sample The number of the sample, for the error.
   * @throws {OptionError} When no class has this name.
   */
  classOf(label: Label, sample: number): number {
    const found = this.#classes.get(label);
    if (found !== undefined) return found;
    const known = this.names.slice(0, 10).map((name) => JSON.stringify(name)).join(", ");
    const more = this.names.length > 10 ? ", …" : "";
    const got = JSON.stringify(label) ?? label;
    throw new OptionError(`Cannot read the label of sample ${sample}: it must be one of ${known}${more}, got ${got}`);
  }

  /** The label of the largest probability; the first one of equal ones. */
  mostProbable(probabilities: Float32Array): Label {
    return this.names[probabilities.reduce((best, value, c) => value > probabilities[best] ? c : best, 0)];
  }
}
