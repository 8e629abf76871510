import { FormatError } from "../../errors.ts";
import type { JsonNode } from "../../formats/json.ts";

/** Takes note of something that does not fit; reading goes on, so that all faults are found at once. */
export type ReportFault = (reason: string) => void;

/** Collects what does not fit into a model, to be told at once. */
export class Faults {
  readonly #what: string;
  readonly #list: string[] = [];

  /** `what` is what cannot be done. */
  constructor(what: string) {
    this.#what = what;
  }

  /** Take note of one. */
  readonly add: ReportFault = (reason) => void this.#list.push(reason);

  /** How many there are. */
  get count(): number {
    return this.#list.length;
  }

  /**
   * Nothing, when there were no faults.
   *
   * @throws {FormatError} Otherwise, with all of them.
   */
  check(): void {
    if (!this.#list.length) return;
    const shortened = this.#list.length > 40
      ? [...this.#list.slice(0, 40), `${this.#list.length - 40} more`]
      : this.#list;
    throw new FormatError(`Cannot ${this.#what}: ${shortened.join("; ")}`);
  }
}

/** An object of a model's JSON. What is not as expected is a fault, and stands for its default. */
export class Config {
  readonly #members: ReadonlyMap<string, JsonNode>;
  readonly fault: ReportFault;

  constructor(members: ReadonlyMap<string, JsonNode>, fault: ReportFault) {
    this.#members = members;
    this.fault = fault;
  }

  /** A value of whatever kind; undefined where there is none, or null. */
  value(key: string): JsonNode["value"] | undefined {
    return this.#members.get(key)?.value ?? undefined;
  }

  /** Whether the key is there, be it null. */
  has(key: string): boolean {
    return this.#members.has(key);
  }

  /** An object. */
  child(key: string): Config | undefined {
    const value = this.value(key);
    return value instanceof Map ? new Config(value, this.fault) : undefined;
  }

  /** The objects of a list; other elements are faults. */
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

  /** A text. */
  text(key: string): string | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === "string") return value;
    this.fault(`"${key}" must be a text, got ${describeValue(value)}`);
  }

  /** Whether something is so. */
  boolean(key: string, otherwise: boolean): boolean {
    const value = this.value(key);
    if (typeof value === "boolean") return value;
    if (value !== undefined) this.fault(`"${key}" must be true or false, got ${describeValue(value)}`);
    return otherwise;
  }

  /** A finite number. */
  number(key: string, otherwise: number): number {
    const value = this.value(key);
    if (typeof value === "number" && Number.isFinite(value)) return value;
    if (value !== undefined) this.fault(`"${key}" must be a finite number, got ${describeValue(value)}`);
    return otherwise;
  }

  /** A number of rows or columns, at least 1; without one, 1 and a fault. */
  size(key: string): number {
    const value = this.value(key);
    if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
    this.fault(`"${key}" must be an integer >= 1, got ${describeValue(value)}`);
    return 1;
  }

  /** A share from 0 to below 1. */
  rate(key: string): number {
    const value = this.number(key, 0);
    if (value >= 0 && value < 1) return value;
    this.fault(`"${key}" must be a number >= 0 and < 1, got ${value}`);
    return 0;
  }
}

/** The numbers of a list, null as undefined; undefined when it is none, or has other things in it. */
export function extents(value: JsonNode["value"] | undefined): (number | undefined)[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const numbers = value.map((node) => node.value ?? undefined);
  const right = numbers.every((n) => n === undefined || (Number.isSafeInteger(n) && (n as number) >= 1));
  return right ? numbers as (number | undefined)[] : undefined;
}

/** A value as a message shows it. */
export function describeValue(value: JsonNode["value"] | undefined): string {
  if (Array.isArray(value)) return "a list";
  if (value instanceof Map) return "an object";
  return JSON.stringify(value)?.slice(0, 60) ?? "none";
}
