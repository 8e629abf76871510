/**
 * Vectors of one to four floats. A row whose length is not a multiple of four ends in a vector that is partly loaded
 * (missing lanes are 0) and partly stored, so that its elements go through the same code as all others.
 */

/** The first `count` (1 to 4) floats at `p`. */
@inline
export function load(p: usize, count: i32): v128 {
  return count >= 4 ? v128.load(p) : loadPart(p, count);
}

/** Store the first `count` (1 to 4) lanes of `x` at `p`. */
@inline
export function store(p: usize, x: v128, count: i32): void {
  if (count >= 4) v128.store(p, x);
  else storePart(p, x, count);
}

function loadPart(p: usize, count: i32): v128 {
  if (count == 1) return v128.load32_zero(p);
  const low = v128.load64_zero(p);
  return count == 2 ? low : v128.load32_lane(p, low, 2, 8);
}

function storePart(p: usize, x: v128, count: i32): void {
  if (count == 1) {
    v128.store32_lane(p, x, 0);
    return;
  }
  v128.store64_lane(p, x, 0);
  if (count == 3) v128.store32_lane(p, x, 2, 8);
}

/** Lanes 4 to 7 of up to eight floats at `p`, of which `load` reads lanes 0 to 3. Missing lanes are 0. */
@inline
export function loadHigh(p: usize, count: i32): v128 {
  return count > 4 ? load(p + 16, count - 4) : f32x4.splat(0);
}

/** Store lanes 4 to 7 of up to eight floats at `p`, of which `store` writes lanes 0 to 3. */
@inline
export function storeHigh(p: usize, x: v128, count: i32): void {
  if (count > 4) store(p + 16, x, count - 4);
}

/** x, with 0 in the lanes from `count` (1 to 4) on. */
@inline
export function firstLanes(x: v128, count: i32): v128 {
  return v128.and(x, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count)));
}

/** (x0 + x2) + (x1 + x3) in all lanes: the end of a sum over four interleaved chains. */
@inline
export function sumLanes(x: v128): v128 {
  const pairs = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.add(pairs, v128.shuffle<f32>(pairs, pairs, 1, 0, 3, 2));
}
