import { assertEquals, assertThrows } from "@std/assert";
import {
  compile,
  dense,
  readSafetensors,
  sequential,
  type Session,
  type Tensors,
  writeSafetensors,
} from "../../mod.ts";
import { ShapeError } from "../../src/errors.ts";

/** Two layers of one weight and one bias each. */
const net = () => sequential({ a: dense(1, 1), b: dense(1, 1) });

const make = () => compile(net(), { batch: 1, steps: 1 });

/** Tensors of one number each. */
function numbers(values: Record<string, number>): Tensors {
  return new Map(
    Object.entries(values).map(([name, value]) => {
      return [name, { shape: name.endsWith("weight") ? [1, 1] : [1], data: [value] }];
    }),
  );
}

const values = (session: Session) => [...session.parameters().values()].map(({ data }) => data[0]);

Deno.test("beginnings of names change places, at once; of several the longest", async () => {
  using session = await make();
  const given = numbers({ "a.weight": 1, "a.bias": 2, "b.weight": 3, "b.bias": 4 });
  session.setParameters(given, { rename: { "a.": "b.", "b.": "a." } });
  assertEquals(values(session), [3, 4, 1, 2]);
  session.setParameters(numbers({ "m.a.weight": 1, "m.a.bias": 2, "m.fc.weight": 3, "m.fc.bias": 4 }), {
    rename: { "m.": "", "m.fc.": "b.", "m.f": "none." },
  });
  assertEquals(values(session), [1, 2, 3, 4]);
  session.setParameters(numbers({ weight: 5, bias: 6, "b.weight": 7, "b.bias": 8 }), {
    rename: { "": "a.", "b.": "b." },
  });
  assertEquals(values(session), [5, 6, 7, 8]);
  assertEquals(session.setParameters(given, { rename: (name) => name }), { missing: [], unexpected: [] });
  session.setParameters(given, { rename: (name) => name.replace(/^[ab]/, (c) => c === "a" ? "b" : "a") });
  assertEquals(values(session), [3, 4, 1, 2]);
});

Deno.test("strict: false keeps what has no tensor, passes over what has no place, and names both", async () => {
  using session = await make();
  session.setParameters(numbers({ "a.weight": 1, "a.bias": 2, "b.weight": 3, "b.bias": 4 }));
  const given = numbers({ "x.bias": 20, "x.steps": 9, "b.weight": 30 });
  const options = { rename: { "x.": "a." }, strict: false };
  assertEquals(session.setParameters(given, options), { missing: ["a.weight", "b.bias"], unexpected: ["x.steps"] });
  assertEquals(values(session), [1, 20, 30, 4]);
  assertEquals(session.setParameters(new Map(), { strict: false }).missing.length, 4);

  // The products that are packed from the parameters follow.
  const y = Math.fround(Math.fround(1 * 2 + 20) * 30 + 4);
  assertEquals(session.forward([2]), Float32Array.of(y));
});

Deno.test("all that does not fit is in one error, with both names, and nothing changes", async () => {
  using session = await make();
  const before = values(session);
  const given = new Map([
    ...numbers({ "x.weight": 1, "a.bias": 2, "x.bias": 3, "x.other": 4 }),
    ["b.weight", { shape: [1], data: [1] }] as const,
    ["b.bias", { shape: [1], data: [1, 2] }] as const,
  ]);
  const refused = (strict: boolean) =>
    assertThrows(() => session.setParameters(given, { rename: { "x.": "a." }, strict }), ShapeError).message;
  const misfits =
    '"a.bias" and "x.bias" are both "a.bias" here; "x.other", here "a.other", is not a parameter of this ' +
    'net; "b.weight" must have shape [1,1], got [1]; "b.bias" must have 1 elements, got 2';
  assertEquals(refused(true), `Cannot set the parameters: ${misfits}`);
  assertEquals(refused(false), `Cannot set the parameters: ${misfits.replace(/"x.other".*?; /, "")}`);
  given.delete("x.weight");
  assertEquals(refused(true), `Cannot set the parameters: "a.weight" is missing; ${misfits}`);
  assertEquals(values(session), before);
});

Deno.test("elements of any type are rounded to f32", async () => {
  using session = await make();
  const { tensors } = readSafetensors(writeSafetensors([
    ["a.weight", { shape: [1, 1], dtype: "F16", data: Float32Array.of(0.1) }],
    ["a.bias", { shape: [1], dtype: "BF16", data: Float32Array.of(0.1) }],
    ["b.weight", { shape: [1, 1], data: Float64Array.of(0.1) }],
    ["b.bias", { shape: [1], data: BigInt64Array.of(-(2n ** 40n) - 1n) }],
  ]));
  session.setParameters(tensors);
  // 0.1 is 0x2e66 of f16 and 0x3dcd of bf16.
  assertEquals(values(session), [0x666 * 2 ** -14, 0xcd * 2 ** -11, Math.fround(0.1), -(2 ** 40)]);
});
