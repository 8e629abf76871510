/**
 * Two cells that implement `Cell.plan` by hand, as version 0.1 had them in its example: what the grammar of
 * `defineCell` cannot say is written this way.
 */
import { type Cell, constant, forgetBias, nonlinearity, Step, uniform } from "../../../mod.ts";

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
