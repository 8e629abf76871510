/** Option objects: unknown names, values of a wrong kind, and defaults; by the registry over all that take options. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { OptionError } from "../src/errors.ts";
import { readOptions, REQUIRED, requireKnown } from "../src/options.ts";
import { count, flag, type Table } from "../src/options.ts";
import { ASYNCHRONOUS, SYNCHRONOUS } from "./support/options/registry.ts";

interface Sample {
  learningRate?: number;
  layers: number;
  bias?: boolean;
  mode?: "a" | "b";
}

const SAMPLE = {
  learningRate: [count],
  layers: [count, REQUIRED],
  bias: [flag, true],
  mode: [["a", "b"], "a"],
} satisfies Table<Sample>;

Deno.test("options are read with their defaults; undefined counts as missing", () => {
  assertEquals(readOptions("f", SAMPLE, { layers: 2 }), { layers: 2, bias: true, mode: "a" });
  const given = { layers: 2, bias: undefined, mode: "b", lr: undefined };
  assertEquals(readOptions("f", SAMPLE, given), { layers: 2, bias: true, mode: "b" });
});

Deno.test("a wrong option is refused by an error that names the option and what was expected", () => {
  const cases: [unknown, string][] = [
    [{ layers: 2, lr: 1 }, 'unknown option "lr" of f: did you mean "learningRate"?'],
    [{ layers: 2, learning_rate: 1 }, 'did you mean "learningRate"?'],
    [{ layers: 2, numLayers: 1 }, 'did you mean "layers"?'],
    [{ layers: 2, baias: 1 }, 'did you mean "bias"?'],
    [{ layers: 2, biscuit: 1 }, 'unknown option "biscuit" of f: expected learningRate, layers, bias, mode'],
    [{ layers: 2, xyz: 1 }, 'unknown option "xyz" of f: expected learningRate, layers, bias, mode'],
    [{ layers: 2, toString: 1 }, 'unknown option "toString" of f'],
    [{}, '"layers" must be an integer >= 1, got undefined'],
    [{ layers: null }, '"layers" must be an integer >= 1, got null'],
    [{ layers: 2n }, '"layers" must be an integer >= 1, got 2n'],
    [{ layers: 2, bias: 1 }, '"bias" must be true or false, got 1'],
    [{ layers: 2, mode: "c" }, '"mode" must be one of "a", "b", got "c"'],
    [null, "Cannot read the options of f: expected an object, got null"],
    [0.1, "Cannot read the options of f: expected an object, got 0.1"],
    [[2], "Cannot read the options of f: expected an object, got an array"],
  ];
  for (const [given, message] of cases) assertThrows(() => readOptions("f", SAMPLE, given), OptionError, message);
  assertThrows(() => requireKnown("f", {}, { a: 1 }), OptionError, 'unknown option "a" of f: it has none');
});

Deno.test("a table with a key too few, a key too many or the wrong check is a type error", () => {
  const { bias: _, ...less } = SAMPLE;
  // @ts-expect-error "bias" is missing.
  less satisfies Table<Sample>;
  // @ts-expect-error "other" is no option.
  ({ ...SAMPLE, other: [count] }) satisfies Table<Sample>;
  // @ts-expect-error "layers" is required.
  ({ ...SAMPLE, layers: [count] }) satisfies Table<Sample>;
  // @ts-expect-error "bias" is no number.
  ({ ...SAMPLE, bias: [count] }) satisfies Table<Sample>;
});

for (const [name, { call, options }] of Object.entries(SYNCHRONOUS)) {
  Deno.test(`${name} refuses unknown options`, () => {
    call({ ...options });
    call({ ...options, zzzz: undefined });
    const error = assertThrows(() => call({ ...options, zzzz: 1 }), OptionError, 'unknown option "zzzz" of ');
    assert(/expected \w|it has none/.test(error.message), error.message);
    for (const wrong of [null, 7, "text", [], () => 1]) {
      assertThrows(() => call(wrong), OptionError, "expected an object");
    }
    const [first] = Object.keys(options);
    if (first?.length > 1) {
      assertThrows(() => call({ ...options, [`${first}x`]: 1 }), OptionError, `did you mean "${first}"?`);
    }
  });
}

for (const [name, { call, options }] of Object.entries(ASYNCHRONOUS)) {
  Deno.test(`${name} refuses unknown options`, async () => {
    await call({ ...options });
    await call({ ...options, zzzz: undefined });
    const refused = (given: unknown, message: string) =>
      assertRejects(async () => await call(given), OptionError, message);
    await refused({ ...options, zzzz: 1 }, 'unknown option "zzzz" of ');
    for (const wrong of [null, 7, "text", [], () => 1]) await refused(wrong, "expected an object");
    const [first] = Object.keys(options);
    await refused({ ...options, [`${first}x`]: 1 }, `did you mean "${first}"?`);
  });
}

Deno.test("every public interface of options has a table", () => {
  const api = Deno.readTextFileSync(new URL("../docs/api.txt", import.meta.url));
  const text = [...walk(new URL("../src/", import.meta.url))].map((file) => Deno.readTextFileSync(file)).join();
  const tables = new Set(
    [...text.matchAll(/(?:Table|Names)<([^;]*?)>(?:;| =)/g)].flatMap(([, types]) => types.match(/\w+/g)),
  );
  const interfaces = [...api.matchAll(/interface (\w+Options)\b/g)].map(([, name]) => name);
  assert(interfaces.length > 50, "the interfaces are found");
  // `TaskRunOptions` has the table `RUN`; the others belong to calls that cells, layers and worlds make or get.
  const internal = ["RecurrentLinearOptions", "WorldOptions", "ActivationOptions", "TaskRunOptions"];
  assertEquals(interfaces.filter((name) => !tables.has(name) && !internal.includes(name)), []);
});

function* walk(folder: URL): Iterable<URL> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* walk(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield new URL(name, folder);
  }
}
