/** A call is planned once for each set of input shapes; branches, loops and scans are part of the plan. */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { DisposedError, FormatError } from "../../mod.ts";
import { OnnxModel } from "../../onnx.ts";
import { attributeMessages } from "../../src/onnx/export/graph_writer.ts";
import { encode } from "../../src/onnx/format/protobuf.ts";
import { MODEL } from "../../src/onnx/format/schema.ts";
import { place } from "../../src/onnx/run/plan/lifetimes.ts";
import { type Input, onnxruntime } from "../support/onnx/onnxruntime.ts";

const FLOAT = 1, INT64 = 7, BOOL = 9;

type Attributes = Parameters<typeof attributeMessages>[0];
const node = (operator: string, input: string[], output: string[], attributes: Attributes = {}, graphs = {}) => ({
  operator,
  input,
  output,
  attribute: [
    ...attributeMessages(attributes),
    ...Object.entries(graphs).map(([name, graph]) => ({ name, type: 5, graph })),
  ],
});
const value = (name: string, rank: number, element = FLOAT) => {
  const dim = Array.from({ length: rank }, (_, i) => ({ symbol: `${name}${i}` }));
  return { name, type: { tensor: { element, shape: { dim } } } };
};
const floats = (name: string, ...dims: number[]) => {
  const size = dims.reduce((a, b) => a * b, 1);
  return { name, dims, type: FLOAT, floats: Array.from({ length: size }, (_, i) => ((i * 37 + 11) % 101) / 60 - 0.8) };
};
const ints = (name: string, dims: number[], ...longs: number[]) => ({ name, dims, type: INT64, longs });
const graph = (nodes: object[], initializer: object[], input: object[], output: object[]) => {
  return { node: nodes, name: "g", initializer, input, output };
};
const model = (g: object, version = 17) => encode(MODEL, { irVersion: 8, opset: [{ version }], graph: g });

/** Counts the memories that are made while something runs: a plan for which there is no room makes one. */
async function memories(work: () => Promise<void>): Promise<number> {
  const original = WebAssembly.Memory;
  let count = 0;
  WebAssembly.Memory = new Proxy(original, {
    construct(target, args) {
      count++;
      return Reflect.construct(target, args);
    },
  });
  try {
    await work();
  } finally {
    WebAssembly.Memory = original;
  }
  return count;
}

const steps = (T: number): Input => {
  return { shape: [T, 2, 3], data: Float32Array.from({ length: 6 * T }, (_, i) => Math.sin(i)) };
};
const LSTM = model(graph(
  [node("LSTM", ["x", "w", "r", "b"], ["Y"], { hidden_size: 4 }), node("Squeeze", ["Y", "one"], ["y"])],
  [floats("w", 1, 16, 3), floats("r", 1, 16, 4), floats("b", 1, 32), ints("one", [1], 1)],
  [value("x", 3)],
  [value("y", 3)],
));

Deno.test("calls of any shapes in any order have the bits of a model that has run nothing else", async () => {
  using model = OnnxModel.load(LSTM);
  for (const T of [3, 1, 3, 40, 2, 3, 40, 5, 6, 7, 8, 9, 10, 11, 3]) {
    using fresh = OnnxModel.load(LSTM);
    assertEquals((await model.run({ x: steps(T) })).y, (await fresh.run({ x: steps(T) })).y, `${T} steps`);
  }
});

Deno.test("the memory is made once for a shape, and seldom for shapes that grow", async () => {
  using model = OnnxModel.load(LSTM);
  assertEquals(await memories(async () => void await model.run({ x: steps(30) })), 1);
  const again = await memories(async () => {
    for (const T of [30, 1, 30, 2, 30]) await model.run({ x: steps(T) });
  });
  assertEquals(again, 0);
  const growing = await memories(async () => {
    for (let T = 1; T < 200; T++) await model.run({ x: steps(T) });
  });
  assert(growing <= 4, `${growing}`);
});

Deno.test("a call that waits has the inputs that it was given", async () => {
  using model = OnnxModel.load(LSTM);
  const first = steps(3), second = steps(3), expected = await model.run({ x: steps(3) });
  const calls = [model.run({ x: first }), model.run({ x: second })];
  (second.data as Float32Array).fill(9);
  assertEquals((await calls[1]).y, expected.y);
  (await calls[0]).y.data.fill(0);
  assertEquals((await model.run({ x: steps(3) })).y, expected.y);
  const late = [model.run({ x: steps(3) }), model.run({ x: steps(3) })];
  model.dispose();
  await late[0];
  await assertRejects(() => late[1], DisposedError);
});

Deno.test("a call of the same shapes that fails leaves the plan as it was", async () => {
  const gather = model(graph([node("Gather", ["t", "i"], ["y"])], [floats("t", 5, 3)], [value("i", 1, INT64)], [
    value("y", 2),
  ]));
  using read = OnnxModel.load(gather);
  const good = await read.run({ i: { shape: [2], data: [4, -1] } });
  const { message } = await assertRejects(() => read.run({ i: { shape: [2], data: [0, 5] } }));
  assertEquals(message, 'Cannot run node "y" (Gather): index 5 at 1 is not below the extent 5 of axis 0');
  assertEquals(await read.run({ i: { shape: [2], data: [4, -1] } }), good);
});

/** y = x + w, or 2 x without its last column, as `which` says. */
const branches = (condition: object[], which: object) =>
  model(graph(
    [
      ...condition,
      node("If", ["condition"], ["y"], {}, {
        then_branch: graph([node("Add", ["x", "w"], ["a"])], [floats("w", 3)], [], [value("a", 2)]),
        else_branch: graph(
          [node("Add", ["x", "x"], ["s"]), node("Slice", ["s", "zero", "end", "axis"], ["a"])],
          [ints("zero", [1], 0), ints("end", [1], -1), ints("axis", [1], 1)],
          [],
          [value("a", 2)],
        ),
      }),
    ],
    [ints("16000", [], 16000)],
    [value("x", 2), which],
    [value("y", 2)],
  ));

Deno.test("a branch is chosen by an integer, or by a number that the call computes", async () => {
  const byInteger = branches([node("Equal", ["rate", "16000"], ["condition"])], value("rate", 0, INT64));
  const bySum = branches(
    [node("ReduceSum", ["which"], ["sum"], { keepdims: 0 }), node("Cast", ["sum"], ["condition"], { to: BOOL })],
    value("which", 1),
  );
  const x: Input = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
  for (const turn of [1, 0, 1, 0]) {
    const rate: Input = { shape: [], data: [turn ? 16000 : 8000] };
    const which: Input = { shape: [2], data: Float32Array.of(turn, 0) };
    for (const [bytes, inputs] of [[byInteger, { x, rate }], [bySum, { x, which }]] as const) {
      const expected = await onnxruntime(bytes, inputs);
      using read = OnnxModel.load(bytes);
      for (let i = 0; i < 2; i++) {
        const { y } = await read.run(inputs);
        assertEquals([y.shape, [...y.data]], [expected.y.shape, [...expected.y.data as number[]]]);
      }
    }
  }
});

Deno.test("all operators that are missing are listed, those in branches too", () => {
  const branch = (operator: string) => graph([node(operator, ["x"], ["a"])], [], [], [value("a", 2)]);
  const bytes = model(graph(
    [
      node("If", ["c"], ["y"], {}, { then_branch: branch("Einsum"), else_branch: branch("Det") }),
      node("STFT", ["y"], ["z"]),
    ],
    [{ name: "c", dims: [], type: BOOL, ints: [1] }],
    [value("x", 2)],
    [value("z", 2)],
  ));
  const { message } = assertThrows(() => OnnxModel.load(bytes), FormatError);
  for (const operator of ["Einsum", "Det", "STFT"]) assertStringIncludes(message, operator);
});

Deno.test("graphs that are deep inside each other are refused", () => {
  let inner = graph([node("Identity", ["x"], ["a"])], [], [], [value("a", 2)]);
  for (let i = 0; i < 40; i++) {
    const branches = { then_branch: inner, ...i < 10 && { else_branch: inner } };
    inner = graph([node("If", ["c"], ["a"], {}, branches)], [], [], [value("a", 2)]);
  }
  const c = { name: "c", dims: [], type: BOOL, ints: [1] };
  const bytes = model({ ...inner, initializer: [c], input: [value("x", 2)] });
  assertThrows(() => OnnxModel.load(bytes), FormatError);
});

/** sum += part, and every sum, in the order of time or the reverse one. */
const SCAN = (direction: number) =>
  model(graph(
    [
      node("Scan", ["start", "x"], ["sum", "sums"], { num_scan_inputs: 1, scan_input_directions: [direction] }, {
        body: graph(
          [node("Add", ["s", "part"], ["next"]), node("Identity", ["next"], ["row"])],
          [],
          [value("s", 1), value("part", 1)],
          [value("next", 1), value("row", 1)],
        ),
      }),
    ],
    [],
    [value("start", 1), value("x", 2)],
    [value("sum", 1), value("sums", 2)],
  ));

Deno.test("a Scan computes what onnxruntime does", async () => {
  for (const direction of [0, 1]) {
    const bytes = SCAN(direction),
      inputs: Record<string, Input> = {
        start: { shape: [2], data: Float32Array.of(1, -1) },
        x: { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      };
    const expected = await onnxruntime(bytes, inputs);
    using read = OnnxModel.load(bytes);
    const got = await read.run(inputs);
    for (const name of ["sum", "sums"]) {
      assertEquals([got[name].shape, [...got[name].data]], [expected[name].shape, [
        ...expected[name].data as number[],
      ]]);
    }
  }
});

Deno.test("a Loop runs as often as a constant, an input or a computed condition says", async () => {
  const loop = (limit: number) =>
    model(graph(
      [
        node("Loop", ["count", "", "x"], ["y", "rows"], {}, {
          body: graph(
            [
              node("Add", ["a", "a"], ["next"]),
              node("ReduceSum", ["next"], ["sum"], { keepdims: 0 }),
              node("Less", ["sum", "limit"], ["goes"]),
              node("Identity", ["sum"], ["row"]),
            ],
            [{ name: "limit", dims: [], type: FLOAT, floats: [limit] }],
            [value("i", 0, INT64), value("go", 0, BOOL), value("a", 1)],
            [value("goes", 0, BOOL), value("next", 1), value("row", 0)],
          ),
        }),
      ],
      [],
      [value("count", 0, INT64), value("x", 1)],
      [value("y", 1), value("rows", 1)],
    ));
  for (const limit of [10, 1000]) {
    using read = OnnxModel.load(loop(limit));
    for (const count of [1, 6]) {
      const { y, rows } = await read.run({ count: { shape: [], data: [count] }, x: { shape: [2], data: [1, 2] } });
      const turns = Math.min(count, limit === 10 ? 2 : 6);
      assertEquals([...y.data], [2 ** turns, 2 ** (turns + 1)]);
      assertEquals([...rows.data], Array.from({ length: turns }, (_, i) => 3 * 2 ** (i + 1)));
    }
  }
});

Deno.test("buffers that live at the same step are at different places, and others share theirs", () => {
  let state = 1;
  const random = (n: number) => (state = state * 48271 % 2147483647) % n;
  for (let round = 0; round < 50; round++) {
    const buffers = Array.from({ length: 40 }, () => {
      const first = random(60);
      return { size: 1 + random(200), first, last: first + random(10) };
    });
    const { offsets, size } = place(buffers);
    buffers.forEach((a, i) => {
      assert(offsets[i] >= 0 && offsets[i] + a.size <= size && offsets[i] % 16 === 0);
      buffers.slice(0, i).forEach((b, j) => {
        const together = a.first <= b.last && b.first <= a.last;
        const overlap = offsets[i] < offsets[j] + b.size && offsets[j] < offsets[i] + a.size;
        assert(!(together && overlap), `${JSON.stringify([a, b])} at ${offsets[i]}, ${offsets[j]}`);
      });
    });
    assert(size < buffers.reduce((sum, { size }) => sum + size, 0));
  }
});

Deno.test("weights of a large file are read where they are: with a copy of a part at most", async () => {
  const k = 256, n = 512, raw = new Uint8Array(4 * k * n + 1);
  const numbers = Float32Array.from({ length: k * n }, (_, i) => (i % 13) - 6);
  const file = (dims: number[], transposed: boolean, pad: string) =>
    model(graph(
      [transposed ? node("Gemm", ["x", "w"], ["y"], { transB: 1 }) : node("MatMul", ["x", "w"], ["y"])],
      [{ name: `w`, dims, type: FLOAT, raw: new Uint8Array(numbers.buffer) }],
      [value("x", 2)],
      [{ ...value("y", 2), pad }],
    ));
  assert(raw.length > 2 ** 16);
  const x = Float32Array.from({ length: k }, (_, i) => i % 5);
  for (const transposed of [false, true]) {
    const bytes = file(transposed ? [n, k] : [k, n], transposed, "");
    const expected = Array.from({ length: n }, (_, j) => {
      return x.reduce((sum, x, i) => sum + x * numbers[transposed ? j * k + i : i * n + j], 0);
    });
    for (let shift = 0; shift < 4; shift++) {
      const moved = new Uint8Array(bytes.length + shift).subarray(shift);
      moved.set(bytes);
      using read = OnnxModel.load(moved);
      assertEquals([...(await read.run({ x: { shape: [1, k], data: x } })).y.data], expected, `${shift}`);
    }
  }
});
