import { FormatError } from "../../errors.ts";
import type { JsonNode } from "../../formats/json.ts";
import type { Activation } from "../../ops/activation.ts";
import { activationOf, type Dialect } from "../activations.ts";

/** Records a fault. Reading continues, so that one error can list all faults. */
export type ReportFault = (reason: string) => void;

/** The faults of a model, for one error. */
export class Faults {
  readonly #what: string;
  readonly #list: string[] = [];

  /** @param what What cannot be done, as in "Cannot read the model". */
  constructor(what: string) {
    this.#what = what;
  }

  /** Records a fault. */
  readonly add: ReportFault = (reason) => void this.#list.push(reason);

  /** Number of faults. */
  get count(): number {
    return this.#list.length;
  }

  /**
   * Requires that there are no faults.
   *
   * @throws {FormatError} With all faults, or the first 40.
   */
  check(): void {
    if (!this.#list.length) return;
    const shortened = this.#list.length > 40
      ? [...this.#list.slice(0, 40), `${this.#list.length - 40} more`]
      : this.#list;
    throw new FormatError(`Cannot ${this.#what}: ${shortened.join("; ")}`);
  }
}

/** An object in a model's JSON. A member of the wrong type is recorded as a fault, and reads as its default. */
export class Config {
  readonly #members: ReadonlyMap<string, JsonNode>;
  readonly fault: ReportFault;

  constructor(members: ReadonlyMap<string, JsonNode>, fault: ReportFault) {
    this.#members = members;
    this.fault = fault;
  }

  /** The value of any type; undefined when it is absent or null. */
  value(key: string): JsonNode["value"] | undefined {
    return this.#members.get(key)?.value ?? undefined;
  }

  /** Whether the key is present, even with the value null. */
  has(key: string): boolean {
    return this.#members.has(key);
  }

  /** The value as an object. */
  child(key: string): Config | undefined {
    const value = this.value(key);
    return value instanceof Map ? new Config(value, this.fault) : undefined;
  }

  /** The objects of a list. Other elements are faults. */
  children(key: string): Config[] {
    const value = this.value(key);
    if (!Array.isArray(value)) {
      this.fault(`"${key}" must be a list, got ${describeValue(value)}`);
      return [];
    }
    return value.flatMap((node) => {
      if (node.value instanceof Map) return [new Config(node.value, this.fault)];
      this.fault(`"${key}" must be a list of objects, got ${describeValue(node.value)} in it`);
      return [];
    });
  }

  /** The value as a string. */
  text(key: string): string | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === "string") return value;
    this.fault(`"${key}" must be a string, got ${describeValue(value)}`);
  }

  /** The value as a boolean. */
  boolean(key: string, otherwise: boolean): boolean {
    const value = this.value(key);
    if (typeof value === "boolean") return value;
    if (value !== undefined) this.fault(`"${key}" must be true or false, got ${describeValue(value)}`);
    return otherwise;
  }

  /** The value as a finite number. */
  number(key: string, otherwise: number): number {
    const value = this.value(key);
    if (typeof value === "number" && Number.isFinite(value)) return value;
    if (value !== undefined) this.fault(`"${key}" must be a finite number, got ${describeValue(value)}`);
    return otherwise;
  }

  /** The value as an integer >= 1, such as a number of units. Any other value is a fault and reads as 1. */
  size(key: string): number {
    const value = this.value(key);
    if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
    this.fault(`"${key}" must be an integer >= 1, got ${describeValue(value)}`);
    return 1;
  }

  /** The value as a dropout rate, from 0 to below 1. Default: 0. */
  rate(key: string): number {
    const value = this.number(key, 0);
    if (value >= 0 && value < 1) return value;
    this.fault(`"${key}" must be a number >= 0 and < 1, got ${value}`);
    return 0;
  }

  /**
   * The value as a nonlinearity.
   *
   * @param otherwise The name of the default.
   */
  activation(key: string, otherwise: string, dialect: Dialect): Activation | "softmax" {
    const value = this.value(key) ?? otherwise;
    // Keras 3 may write an object around the name.
    const inner = value instanceof Map ? new Config(value, this.fault).value("config") : value;
    const name = typeof inner === "string" ? inner.replaceAll(/([a-z])([A-Z])/g, "$1_$2").toLowerCase() : "";
    if (name === "softmax") return name;
    const found = activationOf(name, dialect);
    if (!found) this.fault(`"${key}" ${describeValue(typeof inner === "string" ? inner : value)} is not supported`);
    return found ?? "identity";
  }
}

/** The extents of a shape, null as undefined. The result is undefined when the value is not a shape. */
export function extents(value: JsonNode["value"] | undefined): (number | undefined)[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const numbers = value.map((node) => node.value ?? undefined);
  const isShape = numbers.every((n) => n === undefined || (Number.isSafeInteger(n) && (n as number) >= 1));
  return isShape ? numbers as (number | undefined)[] : undefined;
}

/** A value in an error message. */
export function describeValue(value: JsonNode["value"] | undefined): string {
  if (Array.isArray(value)) return "a list";
  if (value instanceof Map) return "an object";
  return JSON.stringify(value)?.slice(0, 60) ?? "none";
}
