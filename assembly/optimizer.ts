/**
 * Optimizer updates over flat ranges of n elements, as PyTorch 2.13 computes them, operation by operation. Each element
 * is computed on its own: elements may be taken in any order and partitioned anywhere.
 * src/kernels/optimizer_settings.ts names the settings. p are the parameters, g their gradients, lr the learning rate;
 * g' = g + decay p.
 *
 * Whole vectors have loops without tests of the width, and variants have loops without tests of the variant. ns an
 * element: adam 0.91 (0.75 with a reciprocal in place of PyTorch's second division), with vMax 1.00, sgd 0.23,
 * sgdMomentum 0.51, rmsprop 0.66 to 0.86, adagrad 0.57, average 0.21 (Granite Rapids, Deno 2.9.6, 2026-11-22).
 */
import { AdagradSetting, AdamSetting, RmspropSetting, SgdSetting } from "../src/kernels/optimizer_settings";
import { load, store } from "./lanes";
import { madd, nmadd } from "./madd";

/**
 * Adam (Kingma & Ba 2015), AdamW (Loshchilov & Hutter 2019): m += (1 - b1)(g' - m); v = b2 v + (1 - b2) g' g';
 * p = shrinkage p - stepSize m / (sqrt(v) / sqrt(1 - b2^t) + epsilon). With vMax (AMSGrad, Reddi et al. 2018),
 * vMax = max(vMax, v) takes the place of v in the last equation.
 *
 *   p         [n]  inout
 *   m         [n]  inout  first moment
 *   v         [n]  inout  second moment
 *   vMax      [n]  inout  maximum of v; 0: none
 *   g         [n]  in
 *   settings  [8]  in     by AdamSetting
 */
export function adam(p: usize, m: usize, v: usize, vMax: usize, g: usize, settings: usize, n: i32): void {
  if (vMax) {
    for (; n >= 4; n -= 4, p += 16, m += 16, v += 16, vMax += 16, g += 16) {
      adamLanes(p, m, v, vMax, g, settings, 4, true);
    }
    if (n) adamLanes(p, m, v, vMax, g, settings, n, true);
    return;
  }
  for (; n >= 4; n -= 4, p += 16, m += 16, v += 16, g += 16) adamLanes(p, m, v, 0, g, settings, 4, false);
  if (n) adamLanes(p, m, v, 0, g, settings, n, false);
}

@inline
function adamLanes(p: usize, m: usize, v: usize, vMax: usize, g: usize, settings: usize, k: i32, amsgrad: bool): void {
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
  if (amsgrad) {
    moment = f32x4.pmax(second, load(vMax, k)); // NaN of the second moment stays
    store(vMax, moment, k);
  }
  const root = f32x4.add(f32x4.div(f32x4.sqrt(moment), rootCorrection2), epsilon);
  store(p, f32x4.sub(f32x4.mul(weight, shrinkage), f32x4.div(f32x4.mul(stepSize, first), root)), k);
}

/**
 * p -= lr g'.
 *
 *   p         [n]  inout
 *   g         [n]  in
 *   settings  [2]  in     by SgdSetting, the first two
 */
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
 * Momentum (Sutskever et al. 2013): v = momentum v + (1 - dampening) g', without dampening in the first update; p -= lr
 * v, or, with `nesterov`, p -= lr (g' + momentum v).
 *
 *   p         [n]  inout
 *   v         [n]  inout  velocity
 *   g         [n]  in
 *   settings  [4]  in     by SgdSetting
 *   nesterov  1 or 0
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
 * RMSprop (Hinton 2012): v = alpha v + (1 - alpha) g' g'. With `mean` (centered, Graves 2013), mean += (1 - alpha)(g' -
 * mean) and s = v - mean mean, else s = v. r = sqrt(s) + epsilon. With `velocity`, velocity = momentum velocity + g' /
 * r and p -= lr velocity, else p -= lr g' / r.
 *
 *   p         [n]  inout
 *   v         [n]  inout  mean square of the gradient
 *   mean      [n]  inout  mean of the gradient; 0: none
 *   velocity  [n]  inout  0: none
 *   g         [n]  in
 *   settings  [6]  in     by RmspropSetting
 */
export function rmsprop(p: usize, v: usize, mean: usize, velocity: usize, g: usize, settings: usize, n: i32): void {
  if (mean) {
    if (velocity) {
      for (; n >= 4; n -= 4, p += 16, v += 16, mean += 16, velocity += 16, g += 16) {
        rmspropLanes(p, v, mean, velocity, g, settings, 4, true, true);
      }
      if (n) rmspropLanes(p, v, mean, velocity, g, settings, n, true, true);
      return;
    }
    for (; n >= 4; n -= 4, p += 16, v += 16, mean += 16, g += 16) {
      rmspropLanes(p, v, mean, 0, g, settings, 4, true, false);
    }
    if (n) rmspropLanes(p, v, mean, 0, g, settings, n, true, false);
    return;
  }
  if (velocity) {
    for (; n >= 4; n -= 4, p += 16, v += 16, velocity += 16, g += 16) {
      rmspropLanes(p, v, 0, velocity, g, settings, 4, false, true);
    }
    if (n) rmspropLanes(p, v, 0, velocity, g, settings, n, false, true);
    return;
  }
  for (; n >= 4; n -= 4, p += 16, v += 16, g += 16) rmspropLanes(p, v, 0, 0, g, settings, 4, false, false);
  if (n) rmspropLanes(p, v, 0, 0, g, settings, n, false, false);
}

@inline
function rmspropLanes(
  p: usize,
  v: usize,
  mean: usize,
  velocity: usize,
  g: usize,
  settings: usize,
  k: i32,
  centered: bool,
  accelerated: bool,
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
    let average = load(mean, k);
    average = madd(mix, f32x4.sub(gradient, average), average);
    store(mean, average, k);
    spread = nmadd(average, average, square);
  }
  const root = f32x4.add(f32x4.sqrt(spread), epsilon);
  if (accelerated) {
    const momentum = v128.load32_splat(settings, 4 * RmspropSetting.Momentum);
    const step = f32x4.add(f32x4.mul(load(velocity, k), momentum), f32x4.div(gradient, root));
    store(velocity, step, k);
    store(p, nmadd(rate, step, weight), k);
  } else {
    store(p, f32x4.sub(weight, f32x4.div(f32x4.mul(rate, gradient), root)), k);
  }
}

/**
 * Adagrad (Duchi, Hazan & Singer 2011): v += g' g'; p -= lr g' / (sqrt(v) + epsilon).
 *
 *   p         [n]  inout
 *   v         [n]  inout  sum of squares of the gradient
 *   g         [n]  in
 *   settings  [3]  in     by AdagradSetting
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

/**
 * An exponential moving average: average += mix (p - average).
 *
 *   average  [n]  inout
 *   p        [n]  in
 *   mix      [1]  in
 */
export function average(average: usize, p: usize, mix: usize, n: i32): void {
  for (; n >= 4; n -= 4, average += 16, p += 16) averageLanes(average, p, mix, 4);
  if (n) averageLanes(average, p, mix, n);
}

@inline
function averageLanes(average: usize, p: usize, mix: usize, k: i32): void {
  const old = load(average, k);
  store(average, madd(v128.load32_splat(mix), f32x4.sub(load(p, k), old), old), k);
}
