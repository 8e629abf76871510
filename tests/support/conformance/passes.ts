import { assert } from "@std/assert";
import { readCases } from "./read_cases.ts";
import type { Arithmetic } from "./kind.ts";
import { KINDS } from "./kinds.ts";
import { describe, judge } from "./verdict.ts";

/** Registers a test for every fixture of a kind, in a folder: none may be skipped. */
export function passes(kind: string, arithmetics: readonly Arithmetic[], folder?: URL): void {
  for (const test of readCases(folder).filter((test) => test.kind === kind && !test.advisory)) {
    for (const arithmetic of arithmetics) {
      Deno.test(`PyTorch ${test.name} (${kind}), ${arithmetic}`, async () => {
        const verdict = judge(test, await KINDS[kind].run(test, arithmetic));
        assert(verdict.passed && !verdict.suspicious, describe(verdict));
      });
    }
  }
}
