/**
 * Optimizer updates over flat ranges of n elements, as PyTorch 2.13 computes them, operation by operation; each
 * element on its own: any order, any split. Settings are f32. Whole vectors have loops of their own, without tests of
 * the width, and variants have loops without tests of the variant. ns an element: adam 0.91 (0.75 with a reciprocal
 * in the place of PyTorch's second division), with x 1.00, sgd 0.23, sgdMomentum 0.51, rmsprop 0.66 to 0.86, adagrad
 * 0.57, average 0.21 (Granite Rapids, Deno 2.9.6, 2026-11-22).
 */
import { AdagradSetting, AdamSetting, RmspropSetting, SgdSetting } from "../src/kernels/optimizer_settings";
import { load, store } from "./lanes";
import { madd, nmadd } from "./madd";

/**
 * Adam (Kingma & Ba 2015), AdamW (Loshchilov & Hutter 2019). settings: step size lr / (1 - b1^t), 1 - b1, b2, 1 - b2,
 * sqrt(1 - b2^t), epsilon, decay (L2), keep (1 - lr decay, decoupled). g' = g + decay p; m += (1 - b1)(g' - m);
 * v = b2 v + (1 - b2) g' g'; p = keep p - stepSize m / (sqrt(v) / sqrt(1 - b2^t) + epsilon). With x, not 0 (AMSGrad,
 * Reddi et al. 2018), x = max(x, v) stands for v in the last of these.
 */
export function adam(p: usize, m: usize, v: usize, x: usize, g: usize, settings: usize, n: i32): void {
  if (x) {
    for (; n >= 4; n -= 4, p += 16, m += 16, v += 16, x += 16, g += 16) adamLanes(p, m, v, x, g, settings, 4, true);
    if (n) adamLanes(p, m, v, x, g, settings, n, true);
    return;
  }
  for (; n >= 4; n -= 4, p += 16, m += 16, v += 16, g += 16) adamLanes(p, m, v, 0, g, settings, 4, false);
  if (n) adamLanes(p, m, v, 0, g, settings, n, false);
}

@inline
function adamLanes(p: usize, m: usize, v: usize, x: usize, g: usize, settings: usize, k: i32, largest: bool): void {
  const stepSize = v128.load32_splat(settings, 4 * AdamSetting.StepSize);
  const mix1 = v128.load32_splat(settings, 4 * AdamSetting.OneMinusBeta1);
  const beta2 = v128.load32_splat(settings, 4 * AdamSetting.Beta2);
  const mix2 = v128.load32_splat(settings, 4 * AdamSetting.OneMinusBeta2);
  const rootCorrection2 = v128.load32_splat(settings, 4 * AdamSetting.RootCorrection2);
  const epsilon = v128.load32_splat(settings, 4 * AdamSetting.Epsilon);
  const decay = v128.load32_splat(settings, 4 * AdamSetting.WeightDecay);
  const shrinkage = v128.load32_splat(settings, 4 * AdamSetting.Shrinkage);
  const weight = load(p, k);
  const gradient = madd(decay, weight, load(g, k));
  let first = load(m, k);
  first = madd(mix1, f32x4.sub(gradient, first), first);
  const second = madd(f32x4.mul(mix2, gradient), gradient, f32x4.mul(load(v, k), beta2));
  store(m, first, k), store(v, second, k);
  let moment = second;
  if (largest) {
    moment = f32x4.pmax(second, load(x, k)); // NaN of the second moment stays
    store(x, moment, k);
  }
  const root = f32x4.add(f32x4.div(f32x4.sqrt(moment), rootCorrection2), epsilon);
  store(p, f32x4.sub(f32x4.mul(weight, shrinkage), f32x4.div(f32x4.mul(stepSize, first), root)), k);
}

/** p -= lr (g + decay p). settings: learning rate, decay. */
export function sgd(p: usize, g: usize, settings: usize, n: i32): void {
  for (; n >= 4; n -= 4, p += 16, g += 16) sgdLanes(p, g, settings, 4);
  if (n) sgdLanes(p, g, settings, n);
}

@inline
function sgdLanes(p: usize, g: usize, settings: usize, k: i32): void {
  const rate = v128.load32_splat(settings, 4 * SgdSetting.LearningRate);
  const decay = v128.load32_splat(settings, 4 * SgdSetting.WeightDecay);
  const weight = load(p, k);
  store(p, nmadd(rate, madd(decay, weight, load(g, k)), weight), k);
}

/**
 * Momentum (Sutskever et al. 2013). settings: learning rate, decay, momentum, mix (1 - dampening; 1 at the first
 * step). g' = g + decay p; v = momentum v + mix g'; p -= lr v, or, nesterov, p -= lr (g' + momentum v).
 */
export function sgdMomentum(p: usize, v: usize, g: usize, settings: usize, n: i32, nesterov: i32): void {
  if (nesterov) {
    for (; n >= 4; n -= 4, p += 16, v += 16, g += 16) momentumLanes(p, v, g, settings, 4, true);
    if (n) momentumLanes(p, v, g, settings, n, true);
    return;
  }
  for (; n >= 4; n -= 4, p += 16, v += 16, g += 16) momentumLanes(p, v, g, settings, 4, false);
  if (n) momentumLanes(p, v, g, settings, n, false);
}

@inline
function momentumLanes(p: usize, v: usize, g: usize, settings: usize, k: i32, nesterov: bool): void {
  const rate = v128.load32_splat(settings, 4 * SgdSetting.LearningRate);
  const decay = v128.load32_splat(settings, 4 * SgdSetting.WeightDecay);
  const momentum = v128.load32_splat(settings, 4 * SgdSetting.Momentum);
  const mix = v128.load32_splat(settings, 4 * SgdSetting.OneMinusDampening);
  const weight = load(p, k);
  const gradient = madd(decay, weight, load(g, k));
  const velocity = madd(mix, gradient, f32x4.mul(load(v, k), momentum));
  store(v, velocity, k);
  store(p, nmadd(rate, nesterov ? madd(momentum, velocity, gradient) : velocity, weight), k);
}

/**
 * RMSprop (Hinton 2012). settings: learning rate, decay, alpha, 1 - alpha, epsilon, momentum. g' = g + decay p;
 * v = alpha v + (1 - alpha) g' g'; with a, not 0 (centered, Graves 2013), a += (1 - alpha)(g' - a) and s = v - a a,
 * else s = v; r = sqrt(s) + epsilon; with b, not 0, b = momentum b + g' / r and p -= lr b, else p -= lr g' / r.
 */
export function rmsprop(p: usize, v: usize, a: usize, b: usize, g: usize, settings: usize, n: i32): void {
  if (a) {
    if (b) {
      for (; n >= 4; n -= 4, p += 16, v += 16, a += 16, b += 16, g += 16) {
        rmspropLanes(p, v, a, b, g, settings, 4, true, true);
      }
      if (n) rmspropLanes(p, v, a, b, g, settings, n, true, true);
      return;
    }
    for (; n >= 4; n -= 4, p += 16, v += 16, a += 16, g += 16) rmspropLanes(p, v, a, 0, g, settings, 4, true, false);
    if (n) rmspropLanes(p, v, a, 0, g, settings, n, true, false);
    return;
  }
  if (b) {
    for (; n >= 4; n -= 4, p += 16, v += 16, b += 16, g += 16) rmspropLanes(p, v, 0, b, g, settings, 4, false, true);
    if (n) rmspropLanes(p, v, 0, b, g, settings, n, false, true);
    return;
  }
  for (; n >= 4; n -= 4, p += 16, v += 16, g += 16) rmspropLanes(p, v, 0, 0, g, settings, 4, false, false);
  if (n) rmspropLanes(p, v, 0, 0, g, settings, n, false, false);
}

@inline
function rmspropLanes(
  p: usize,
  v: usize,
  a: usize,
  b: usize,
  g: usize,
  settings: usize,
  k: i32,
  centered: bool,
  heavy: bool,
): void {
  const rate = v128.load32_splat(settings, 4 * RmspropSetting.LearningRate);
  const decay = v128.load32_splat(settings, 4 * RmspropSetting.WeightDecay);
  const alpha = v128.load32_splat(settings, 4 * RmspropSetting.Alpha);
  const mix = v128.load32_splat(settings, 4 * RmspropSetting.OneMinusAlpha);
  const epsilon = v128.load32_splat(settings, 4 * RmspropSetting.Epsilon);
  const weight = load(p, k);
  const gradient = madd(decay, weight, load(g, k));
  const square = madd(f32x4.mul(mix, gradient), gradient, f32x4.mul(load(v, k), alpha));
  store(v, square, k);
  let spread = square;
  if (centered) {
    let mean = load(a, k);
    mean = madd(mix, f32x4.sub(gradient, mean), mean);
    store(a, mean, k);
    spread = nmadd(mean, mean, square);
  }
  const root = f32x4.add(f32x4.sqrt(spread), epsilon);
  if (heavy) {
    const momentum = v128.load32_splat(settings, 4 * RmspropSetting.Momentum);
    const velocity = f32x4.add(f32x4.mul(load(b, k), momentum), f32x4.div(gradient, root));
    store(b, velocity, k);
    store(p, nmadd(rate, velocity, weight), k);
  } else {
    store(p, f32x4.sub(weight, f32x4.div(f32x4.mul(rate, gradient), root)), k);
  }
}

/**
 * Adagrad (Duchi, Hazan & Singer 2011). settings: learning rate, decay, epsilon. g' = g + decay p; v += g' g';
 * p -= lr g' / (sqrt(v) + epsilon).
 */
export function adagrad(p: usize, v: usize, g: usize, settings: usize, n: i32): void {
  for (; n >= 4; n -= 4, p += 16, v += 16, g += 16) adagradLanes(p, v, g, settings, 4);
  if (n) adagradLanes(p, v, g, settings, n);
}

@inline
function adagradLanes(p: usize, v: usize, g: usize, settings: usize, k: i32): void {
  const rate = v128.load32_splat(settings, 4 * AdagradSetting.LearningRate);
  const decay = v128.load32_splat(settings, 4 * AdagradSetting.WeightDecay);
  const epsilon = v128.load32_splat(settings, 4 * AdagradSetting.Epsilon);
  const weight = load(p, k);
  const gradient = madd(decay, weight, load(g, k));
  const square = madd(gradient, gradient, load(v, k));
  store(v, square, k);
  const root = f32x4.add(f32x4.sqrt(square), epsilon);
  store(p, f32x4.sub(weight, f32x4.div(f32x4.mul(rate, gradient), root)), k);
}

/** An exponential moving average: a += mix (p - a), mix the f32 at that address. a, p [n] */
export function average(a: usize, p: usize, mix: usize, n: i32): void {
  for (; n >= 4; n -= 4, a += 16, p += 16) averageLanes(a, p, mix, 4);
  if (n) averageLanes(a, p, mix, n);
}

@inline
function averageLanes(a: usize, p: usize, mix: usize, k: i32): void {
  const old = load(a, k);
  store(a, madd(v128.load32_splat(mix), f32x4.sub(load(p, k), old), old), k);
}
