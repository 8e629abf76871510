import { assert, assertEquals, assertThrows } from "@std/assert";
import * as errors from "../src/errors.ts";
import { FormatError, NonFiniteError, OptionError, PlanError, requireInteger } from "../src/errors.ts";

Deno.test("every error has its class as its name", () => {
  const bases = {
    ShapeError: TypeError,
    OptionError: RangeError,
    NonFiniteError: Error,
    FormatError: SyntaxError,
    FileError: Error,
    DisposedError: Error,
    PlanError: RangeError,
  };
  for (const [name, base] of Object.entries(bases)) {
    const Class = errors[name as keyof typeof bases] as unknown as new (message: string, details: object) => Error;
    const error = new Class("Because", {});
    assertEquals(error.name, name);
    assertEquals(String(error), `${name}: Because`);
    assert(error instanceof base, name);
  }
  assertEquals(new FormatError("Because", 7).offset, 7);
  assertEquals(new FormatError("Because").offset, undefined);
  const { bytes, limit } = new PlanError("Because", { bytes: 2, limit: 1 });
  assertEquals({ bytes, limit }, { bytes: 2, limit: 1 });
  const { step, layer, tensor } = new NonFiniteError("Because", { step: 3, layer: "rnn", tensor: "rnn.h_l0" });
  assertEquals({ step, layer, tensor }, { step: 3, layer: "rnn", tensor: "rnn.h_l0" });
});

Deno.test("requireInteger returns what it accepts", () => {
  assertEquals(requireInteger("hidden", 1, 1), 1);
  assertEquals(requireInteger("seed", Number.MAX_SAFE_INTEGER, 0), Number.MAX_SAFE_INTEGER);
  assertEquals(requireInteger("axis", -1, -2, 1), -1);
});

Deno.test("requireInteger names the expected and the actual value", () => {
  const actual: [unknown, string][] = [
    [0, "0"],
    [1.5, "1.5"],
    [NaN, "NaN"],
    [2 ** 53, "9007199254740992"],
    ["1", '"1"'],
    [null, "null"],
    [undefined, "undefined"],
    [[1], "an array"],
    [{}, "an object"],
    [() => 1, "a function"],
  ];
  for (const [value, text] of actual) {
    const error = assertThrows(() => requireInteger("hidden", value, 1), OptionError);
    assertEquals(error.message, `"hidden" must be an integer >= 1, got ${text}`);
  }
  const error = assertThrows(() => requireInteger("axis", 2, -2, 1), OptionError);
  assertEquals(error.message, '"axis" must be an integer from -2 to 1, got 2');
});
