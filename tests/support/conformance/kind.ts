import { compile, type CompileOptions, type Layer, type Numerics, type Session } from "../../../mod.ts";
import { compileReference } from "../compile_reference.ts";
import type { Case, CaseTensors, Tolerance } from "./read_cases.ts";

/** What computes: a build of the kernels, or the reference in double precision. */
export type Arithmetic = Numerics | "f64";

/** A computed tensor beside the expected one. */
export interface Result {
  readonly name: string;
  readonly arithmetic: Arithmetic;
  readonly got: ArrayLike<number>;
  readonly want: ArrayLike<number>;
  readonly tolerance: Tolerance;
}

/** How to check one kind of cases. */
export interface Kind {
  /** What the case needs and the library does not have; undefined: nothing. */
  missing(test: Case): string | undefined;
  /** All that the case gives; throws where the library refuses it. */
  run(test: Case, arithmetic: Arithmetic): Promise<Result[]>;
}

/** A session on one of the three. */
export async function sessionOn(
  arithmetic: Arithmetic,
  net: Layer,
  options: Omit<CompileOptions, "numerics">,
): Promise<Session> {
  if (arithmetic === "f64") return compileReference(net, options, "f64");
  return await compile(net, { ...options, numerics: arithmetic });
}

/**
 * The parameters of a case, under the names that the session has for them; `theirs` are the case's, where they differ.
 * Of tied parameters a case may have one.
 */
export function setParameters(
  session: Session,
  tensors: CaseTensors,
  theirs: ReadonlyMap<string, string> = new Map(),
): void {
  const names = [...session.parameters().keys()].map((name) => [name, theirs.get(name) ?? name])
    .filter(([, their]) => tensors.has(their));
  session.setParameters(
    new Map(names.map(([name, their]) => [name, { shape: tensors.shape(their), data: tensors.floats(their) }])),
  );
}

/** Nothing but the same will do. */
export const EXACT: Tolerance = { atol: 0, rtol: 0 };

/** The first option that has another value than those allowed, in words. */
export function firstMissing(
  config: Record<string, unknown>,
  allowed: Record<string, readonly unknown[]>,
): string | undefined {
  const name = Object.keys(allowed).find((name) => config[name] !== undefined && !allowed[name].includes(config[name]));
  return name && `${name} ${JSON.stringify(config[name])}`;
}
