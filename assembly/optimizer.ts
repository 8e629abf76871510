/** Optimizer updates over flat ranges of n elements; each element on its own: any order, any split. */
import { load, store } from "./lanes";
import { madd, nmadd } from "./madd";

/**
 * Adam (Kingma & Ba 2015). settings, f32: step size lr / (1 - b1^t), 1 - b1, b2, 1 - b2, 1 / sqrt(1 - b2^t), epsilon,
 * weight decay. g' = g + decay p; m += (g' - m)(1 - b1); v = v b2 + (g' g')(1 - b2);
 * p -= stepSize m / (sqrt(v) / sqrt(1 - b2^t) + epsilon).
 */
export function adam(p: usize, m: usize, v: usize, g: usize, settings: usize, n: i32): void {
  const rate = v128.load32_splat(settings), mix1 = v128.load32_splat(settings, 4);
  const keep2 = v128.load32_splat(settings, 8), mix2 = v128.load32_splat(settings, 12);
  const correction2 = v128.load32_splat(settings, 16), epsilon = v128.load32_splat(settings, 20);
  const decay = v128.load32_splat(settings, 24);
  for (let left = n, o: usize = 0; left > 0; left -= 4, o += 16) {
    const weight = load(p + o, left);
    const gradient = madd(decay, weight, load(g + o, left));
    let first = load(m + o, left);
    first = madd(f32x4.sub(gradient, first), mix1, first);
    const second = madd(f32x4.mul(gradient, gradient), mix2, f32x4.mul(load(v + o, left), keep2));
    store(m + o, first, left), store(v + o, second, left);
    const root = madd(f32x4.sqrt(second), correction2, epsilon);
    store(p + o, nmadd(rate, f32x4.div(first, root), weight), left);
  }
}

/** p -= lr (g + decay p). settings, f32: learning rate, momentum, weight decay. */
export function sgd(p: usize, g: usize, settings: usize, n: i32): void {
  const rate = v128.load32_splat(settings), decay = v128.load32_splat(settings, 8);
  for (let left = n, o: usize = 0; left > 0; left -= 4, o += 16) {
    const weight = load(p + o, left);
    store(p + o, nmadd(rate, madd(decay, weight, load(g + o, left)), weight), left);
  }
}

/** v = momentum v + (g + decay p); p -= lr v. Settings as in `sgd`; v starts at zero (Sutskever et al. 2013, as PyTorch). */
export function sgdMomentum(p: usize, v: usize, g: usize, settings: usize, n: i32): void {
  const rate = v128.load32_splat(settings), momentum = v128.load32_splat(settings, 4);
  const decay = v128.load32_splat(settings, 8);
  for (let left = n, o: usize = 0; left > 0; left -= 4, o += 16) {
    const weight = load(p + o, left);
    const velocity = madd(momentum, load(v + o, left), madd(decay, weight, load(g + o, left)));
    store(v + o, velocity, left);
    store(p + o, nmadd(rate, velocity, weight), left);
  }
}
