/** Backward passes with one deliberate error each: the check names the tensors with wrong gradients. */
import { assert, assertEquals } from "@std/assert";
import { gradientCheck, type GradientCheckOptions } from "../../check.ts";
import {
  type Cell,
  type CellContext,
  constant,
  crossEntropy,
  dense,
  elman,
  embedding,
  type Layer,
  type Loss,
  lstm,
  type ParameterSlot,
  type PlannedCell,
  type PlannedLayer,
  recurrent,
  sequential,
  type Slot,
  type Value,
  zeros,
} from "../../mod.ts";

const WIDTH = 3;

/** Slots of the scaling layer. */
interface Slots {
  readonly x: Value;
  readonly dy: Slot;
  readonly products: Slot;
  readonly gain: ParameterSlot;
  readonly unused: ParameterSlot;
  readonly nan: Slot;
  readonly infinity: Slot;
}

/** y = gain * x with gain initially 1, and an unused parameter. `replace` replaces some of the planned layer. */
function scaling(replace: (slots: Slots, right: PlannedLayer) => Partial<PlannedLayer>): Layer {
  return {
    input: { kind: "values", width: WIDTH },
    output: { kind: "values", width: WIDTH },
    parameters: { gain: { shape: [WIDTH], initial: constant(1) }, unused: { shape: [1], initial: zeros() } },

    plan(scope, x) {
      const [y, dy, products] = ["y", "dy", "dy x"].map((name) =>
        scope.activation(name, scope.steps * scope.batch, WIDTH)
      );
      const gain = scope.parameter("gain"), unused = scope.parameter("unused");
      const nan = scope.constant("not a number", [NaN]), infinity = scope.constant("infinity", [Infinity]);
      const right: PlannedLayer = {
        output: { kind: "values", width: WIDTH, value: y, gradient: dy },
        states: [],
        refresh() {},
        forward(k, { T, B }) {
          k.multiply(y.address, x.value.address, gain.value.address, T * B, WIDTH, y.stride, x.value.stride, 0);
        },
        backward(k, { T, B }) {
          const dx = x.gradient!;
          k.multiply(dx.address, dy.address, gain.value.address, T * B, WIDTH, dx.stride, dy.stride, 0);
        },
        gradients(k, { T, B }) {
          const { address, stride } = products;
          k.multiply(address, dy.address, x.value.address, T * B, WIDTH, stride, dy.stride, x.value.stride);
          k.columnSums(gain.gradient.address, address, T * B, WIDTH, stride);
        },
      };
      return { ...right, ...replace({ x, dy, products, gain, unused, nan, infinity }, right) };
    },
  };
}

/** A cell with a decoder. `replace` replaces some of the planned cell. */
function decoded(replace: (context: CellContext, right: PlannedCell) => Partial<PlannedCell>, right = elman()): Layer {
  const cell: Cell = {
    ...right,
    plan(context) {
      const planned = right.plan(context);
      return { ...planned, ...replace(context, planned) };
    },
  };
  return sequential({ rnn: recurrent(cell, { input: 3, hidden: 4 }), decoder: dense(4, 3) });
}

/** An embedding with twice the gradient, of many tokens, few of which are looked up. */
function doubledEmbedding(): Layer {
  const right = embedding(1000, 4);
  return {
    ...right,
    plan(scope, x) {
      const planned = right.plan(scope, x), { size, gradient } = scope.parameter("weight");
      return {
        ...planned,
        gradients(k, shape) {
          planned.gradients(k, shape);
          k.add(gradient.address, gradient.address, gradient.address, 1, size, size, size, size);
        },
      };
    },
  };
}

/** Cross-entropy with twice the gradient. */
const doubled: Loss = {
  name: "doubled",
  targets: "step",
  plan(scope, output) {
    const right = crossEntropy().plan(scope, output);
    return {
      ...right,
      forward(k, shape, gradient) {
        right.forward(k, shape, gradient);
        const { address, stride } = output.gradient!;
        k.add(address, address, address, shape.T * shape.B, output.width, stride, stride, stride);
      },
    };
  },
};

const RECURRENT = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"].map((name) => `rnn.${name}`);

const WRONG: Record<string, { net: Layer; options?: GradientCheckOptions; tensors: readonly string[] }> = {
  "a layer that passes dy on as it is, which at a gain of 1 is right": {
    net: scaling(({ x, dy }) => ({
      backward: (k, { T, B }) => k.copy(x.gradient!.address, dy.address, T * B, WIDTH, x.gradient!.stride, dy.stride),
    })),
    tensors: ["input x"],
  },
  "a layer without a gradient": { net: scaling(() => ({ gradients() {} })), tensors: ["gain"] },
  "a layer that adds to what the pass before has left": {
    net: scaling(({ x, dy, products, gain }) => ({
      gradients(k, { T, B }) {
        const { address, stride } = products;
        k.multiplyAdd(address, dy.address, x.value.address, T * B, WIDTH, stride, dy.stride, x.value.stride);
        k.columnSums(gain.gradient.address, address, T * B, WIDTH, stride);
      },
    })),
    tensors: ["gain"],
  },
  "a gradient of what nothing depends on": {
    net: scaling(({ gain, unused }, right) => ({
      gradients(k, shape) {
        right.gradients(k, shape);
        k.copy(unused.gradient.address, gain.gradient.address, 1, 1, 1, 1);
      },
    })),
    tensors: ["unused"],
  },
  "a gradient that is not a number": {
    net: scaling(({ nan, unused }, right) => ({
      gradients(k, shape) {
        right.gradients(k, shape);
        k.copy(unused.gradient.address, nan.address, 1, 1, 1, 1);
      },
    })),
    tensors: ["unused"],
  },
  "an infinite gradient, which does not hide another error": {
    net: scaling(({ infinity, unused }) => ({
      gradients: (k) => k.copy(unused.gradient.address, infinity.address, 1, 1, 1, 1),
    })),
    tensors: ["gain", "unused"],
  },
  "a cell that forgets one bias": {
    net: decoded(({ scope, H }, right) => ({
      gradients(k, T, B) {
        right.gradients(k, T, B);
        k.zero(scope.parameter("bias_hh").gradient.address, 1, H, H);
      },
    })),
    tensors: ["rnn.bias_hh_l0"],
  },
  "a cell that passes nothing on to the state before": {
    net: decoded(({ H, gradients: [dh] }, right) => ({
      backward(k, t, B, n) {
        right.backward(k, t, B, n);
        k.zero(dh.step(t, B), n, H, dh.stride);
      },
    })),
    tensors: [...RECURRENT, "input x", "state rnn.h_l0"],
  },
  "the same where one step is all there is": {
    net: decoded(({ H, gradients: [dh] }, right) => ({
      backward(k, t, B, n) {
        right.backward(k, t, B, n);
        k.zero(dh.step(t, B), n, H, dh.stride);
      },
    })),
    options: { steps: 1 },
    tensors: ["state rnn.h_l0"],
  },
  "a cell that loses the gradient of the last c": {
    net: decoded(({ H, gradients: [, dc] }, right) => ({
      backward(k, t, B, n) {
        if (t === 3) k.zero(dc.address, n, H, dc.stride);
        right.backward(k, t, B, n);
      },
    }), lstm()),
    tensors: [...RECURRENT, "input x", "state rnn.h_l0", "state rnn.c_l0"],
  },
  "an embedding with twice the gradient in the few rows that are looked up": {
    net: doubledEmbedding(),
    tensors: ["weight"],
  },
  "a loss whose gradient is twice what it should be": {
    net: decoded(() => ({})),
    options: { loss: doubled },
    tensors: [...RECURRENT, "decoder.weight", "decoder.bias", "input x", "state rnn.h_l0"],
  },
};

for (const [what, { net, options, tensors }] of Object.entries(WRONG)) {
  Deno.test(`found: ${what}`, async () => {
    const check = await gradientCheck(net, options);
    assertEquals(check.findings.filter(({ ok }) => !ok).map(({ tensor }) => tensor), tensors, String(check));
    assert(!check.ok);
    assert(String(check).endsWith(`\nwrong: ${tensors.join(", ")}`), String(check));
  });
}

Deno.test("these layers without an error are right; a gradient of zeros has no error", async () => {
  const check = await gradientCheck(scaling(() => ({})));
  assert(check.ok, String(check));
  const unused = check.findings.find(({ tensor }) => tensor === "unused")!;
  assertEquals(unused, {
    tensor: "unused",
    elements: 1,
    tried: 1,
    largest: 0,
    differences: 0,
    exact: 0,
    fast: 0,
    ok: true,
  });
  assert((await gradientCheck(decoded(() => ({})))).ok);
});

Deno.test("a gradient of zeros where the slope is not zero has an error of 1", async () => {
  const { findings } = await gradientCheck(scaling(() => ({ gradients() {} })));
  const { largest, differences } = findings.find(({ tensor }) => tensor === "gain")!;
  assertEquals([largest, Math.abs(differences - 1) < 1e-8], [0, true]);
});
