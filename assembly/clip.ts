/** Gradient clipping by global norm (Pascanu, Mikolov & Bengio 2013) and by value, over a flat range. */
import { load, store } from "./lanes";

/**
 * norm = sqrt(sum of `count` f64 block sums), scale = min(1, limit / (norm + 1e-6)) as PyTorch has it, both stored as f32;
 * limit is an f32 in memory.
 */
export function clipNorm(norm: usize, scale: usize, sums: usize, limit: usize, count: i32): void {
  let total: f64 = 0;
  for (let i = 0; i < count; i++, sums += 8) total += f64.load(sums);
  const length = Math.sqrt(total);
  const ratio = <f64> f32.load(limit) / (length + 1e-6);
  f32.store(norm, <f32> length);
  f32.store(scale, <f32> (ratio > 1 ? 1 : ratio));
}

/** x = x s, s the f32 at `scale`; nothing is touched when s is 1. x [n] */
export function scale(x: usize, scale: usize, n: i32): void {
  if (f32.load(scale) == 1) return;
  const s = v128.load32_splat(scale);
  for (let left = n; left > 0; left -= 4, x += 16) store(x, f32x4.mul(load(x, left), s), left);
}

/** x clamped to [-v, v], v the f32 at `limit`; NaN stays. x [n] */
export function clipValue(x: usize, limit: usize, n: i32): void {
  const high = v128.load32_splat(limit), low = f32x4.neg(high);
  for (let left = n; left > 0; left -= 4, x += 16) store(x, f32x4.pmin(f32x4.pmax(load(x, left), low), high), left);
}
