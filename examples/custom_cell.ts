/**
 * Two custom recurrent cells, written against the library's public interface: a minimal gated unit and an LSTM with
 * layer normalisation. The program checks their gradients, then trains both to name the first symbol of a sequence at
 * its end.
 *
 *     deno run examples/custom_cell.ts
 *
 * A cell declares its parameters and states, and computes one step forward and backward. The layer around the cell does
 * the rest: the product of the input with `weight_ih`, time, batches of different lengths, bidirectional nets, stacks,
 * streams, saving.
 */
import {
  adam,
  type Cell,
  clipNorm,
  compile,
  constant,
  crossEntropy,
  dense,
  forgetBias,
  Generator,
  nonlinearity,
  oneHot,
  recurrent,
  sequential,
  Step,
  uniform,
} from "@unroll/rnn";
import { gradientCheck } from "@unroll/rnn/check";

/**
 * The minimal gated unit (Zhou, Wu, Zhang & Zhou 2016), a GRU with one gate. Blocks f, c:
 *
 *     f = sigmoid(x W_ifᵀ + h' W_hfᵀ + b_f)              h' is the state before the step
 *     c = tanh(x W_icᵀ + (f h') W_hcᵀ + b_c)
 *     h = (1 - f) h' + f c
 */
export function minimalGatedUnit(): Cell {
  return {
    name: "minimal-gated-unit",
    gates: 2,
    states: (H) => ({ h: H }),

    parameters(I, H) {
      const initial = uniform(1 / Math.sqrt(H));
      return {
        weight_ih: { shape: [2 * H, I], initial },
        weight_hh: { shape: [2 * H, H], initial },
        bias: { shape: [2 * H], initial },
      };
    },

    plan({ scope, H, z, states: [h], gradients: [dh], recurrentLinear, savedActivation }) {
      const bias = scope.parameter("bias"), F = z.slice(0, H), C = z.slice(H, H);
      const sigmoid = nonlinearity(scope, "sigmoid"), tanh = nonlinearity(scope, "tanh");
      const FH = savedActivation("f h", H), dfh = scope.activation("gradient of f h", scope.batch, H);
      const df = scope.activation("gradient of f", scope.batch, H),
        dc = scope.activation("gradient of c", scope.batch, H);
      const ofF = recurrentLinear("weight_hh", { rows: { from: 0, count: H } });
      const ofC = recurrentLinear("weight_hh", { rows: { from: H, count: H }, input: { value: FH, gradient: dfh } });
      return {
        bias: bias.value, // is part of the input projection, and so in z

        refresh(k) {
          ofF.refresh(k);
          ofC.refresh(k);
        },

        forward(k, t, B, n) {
          const s = new Step(k, t, B, n), h0 = s.now(h), h1 = s.next(h), f = s.now(F), c = s.now(C);
          ofF.forward(k, F, t, B, n);
          s.activate(sigmoid, f, f);
          s.multiply(s.now(FH), f, h0);
          ofC.forward(k, C, t, B, n);
          s.activate(tanh, c, c);
          s.subtract(h1, c, h0); // h = h' + f (c - h')
          s.multiply(h1, f, h1);
          s.add(h1, h0, h1);
        },

        backward(k, t, B, n) {
          const s = new Step(k, t, B, n), h0 = s.now(h), dh0 = s.now(dh), dh1 = s.next(dh), f = s.now(F), c = s.now(C);
          s.multiply(dc, dh1, f);
          s.add(dh0, dh0, dh1);
          s.subtract(dh0, dh0, dc);
          s.subtract(df, c, h0);
          s.multiply(df, dh1, df);
          s.activateBackward(tanh, c, dc, c); // z becomes the gradient of z, block by block
          ofC.backward(k, C, t, B, n);
          s.multiplyAdd(df, dfh, h0);
          s.multiplyAdd(dh0, dfh, f);
          s.activateBackward(sigmoid, f, df, f);
          ofF.backward(k, F, t, B, n);
        },

        gradients(k, T, B) {
          ofF.gradient(k, F, T, B, bias.gradient.slice(0, H));
          ofC.gradient(k, C, T, B, bias.gradient.slice(H, H));
        },
      };
    },
  };
}

/**
 * An LSTM that normalises its pre-activations to mean 0 and variance 1 before the gates (after Ba, Kiros & Hinton 2016,
 * who normalise the two products separately, and c as well). Blocks i, f, g, o, as in `lstm`:
 *
 *     a       = layer norm of x W_ihᵀ + h' W_hhᵀ, times `gain`, plus `bias`
 *     i, f, o = sigmoid(a_i, a_f, a_o),  g = tanh(a_g)
 *     c       = f c' + i g
 *     h       = o tanh(c)
 */
export function layerNormLstm(): Cell {
  return {
    name: "layer-norm-lstm",
    gates: 4,
    states: (H) => ({ h: H, c: H }),

    parameters(I, H) {
      const initial = uniform(1 / Math.sqrt(H));
      return {
        weight_ih: { shape: [4 * H, I], initial },
        weight_hh: { shape: [4 * H, H], initial },
        gain: { shape: [4 * H], initial: constant(1) },
        bias: { shape: [4 * H], initial: forgetBias(1) },
      };
    },

    plan({ scope, H, z, states: [h, c], gradients: [dh, dc], recurrentLinear, savedActivation }) {
      const N = 4 * H, recurrent = recurrentLinear("weight_hh"), epsilon = scope.constant("epsilon", [1e-5]);
      const { value: gain, gradient: dGain } = scope.parameter("gain");
      const { value: bias, gradient: dBias } = scope.parameter("bias");
      // Backward overwrites z with its gradient, and `a` becomes the gates: x keeps the input of the layer norm.
      const x = savedActivation("sum of products", N);
      const a = savedActivation("gates", N);
      const tanhC = savedActivation("tanh(c)", H);
      const stats = scope.activation("mean and deviation", 1, 2 * scope.steps * scope.batch);
      const unwanted = scope.scratch("unwanted gradients", 2, N);
      const statsAt = (t: number, B: number) => stats.address + 8 * t * B;
      return {
        refresh: recurrent.refresh,

        forward(k, t, B, n) {
          const s = new Step(k, t, B, n), at = a.step(t, B);
          const norm = [gain.address, bias.address, epsilon.address] as const;
          // `gradients` reads all rows. Inactive rows must not keep the numbers of an earlier call.
          if (t === 0) k.zero(stats.address, 1, stats.columns, stats.columns);
          recurrent.forward(k, z, t, B, n);
          s.copy(s.now(x), s.now(z));
          k.layerNorm(at, statsAt(t, B), x.step(t, B), ...norm, n, N, a.stride, x.stride);
          const h1 = h.step(t + 1, B), c1 = c.step(t + 1, B);
          k.lstmForward(h1, c1, tanhC.step(t, B), at, c.step(t, B), n, H, a.stride, h.stride);
        },

        backward(k, t, B, n) {
          const at = a.step(t, B), into = [z.step(t, B), unwanted.at(0), unwanted.at(1)] as const;
          k.lstmBackward(at, dc.address, dh.step(t + 1, B), tanhC.step(t, B), c.step(t, B), n, H, a.stride, h.stride);
          const from = [at, x.step(t, B), statsAt(t, B), gain.address] as const;
          k.layerNormBackward(...into, ...from, n, N, z.stride, a.stride, x.stride);
          recurrent.backward(k, z, t, B, n);
        },

        gradients(k, T, B) {
          recurrent.gradient(k, z, T, B);
          const into = [a.address, dGain.address, dBias.address] as const;
          const from = [a.address, x.address, stats.address, gain.address] as const;
          k.layerNormBackward(...into, ...from, T * B, N, a.stride, a.stride, x.stride);
        },
      };
    },
  };
}

/** Draws sequences of T symbols. The target is the first symbol at the last step, and ignored at all others. */
function recall(random: Generator, symbols: number, T: number, B: number): { x: Int32Array; y: Int32Array } {
  const x = Int32Array.from({ length: T * B }, () => random.integer(symbols));
  const y = Int32Array.from(x, (_, i) => i < (T - 1) * B ? -100 : x[i % B]); // cross-entropy ignores -100
  return { x, y };
}

/** Trains a cell; returns its accuracy on new sequences, 0 to 1. */
export async function learn(cell: Cell, steps: number): Promise<number> {
  const symbols = 6, T = 12, batch = 32, hidden = 32;
  const net = sequential({
    input: oneHot(symbols),
    rnn: recurrent(cell, { input: symbols, hidden }),
    output: dense(hidden, symbols),
  });
  const options = { batch, steps: T, loss: crossEntropy({ ignoreIndex: -100 }), clip: clipNorm(1), seed: 1 };
  using session = await compile(net, { ...options, optimizer: adam({ learningRate: 0.01 }) });
  const random = new Generator(1);
  for (let i = 0; i < steps; i++) session.step(recall(random, symbols, T, batch));

  const rounds = 10;
  let right = 0;
  for (let round = 0; round < rounds; round++) {
    const { x, y } = recall(random, symbols, T, batch);
    const logits = session.forward(x);
    for (let row = (T - 1) * batch; row < T * batch; row++) {
      const scores = logits.subarray(row * symbols, (row + 1) * symbols);
      if (scores.indexOf(Math.max(...scores)) === y[row]) right++;
    }
  }
  return right / (rounds * batch);
}

if (import.meta.main) {
  for (const cell of [minimalGatedUnit(), layerNormLstm()]) {
    console.log(`${await gradientCheck(recurrent(cell, { input: 3, hidden: 4 }))}`);
    const began = performance.now();
    const percent = (100 * await learn(cell, 600)).toFixed(0);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${cell.name}: names the first of 12 symbols in ${percent} % of new sequences, after ${seconds} s`);
  }
}
