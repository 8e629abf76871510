/**
 * The functions of assembly/activation.ts and assembly/random.ts in the plain build, for one lane: the same constants
 * and polynomials, with every operation rounded to f32. (Rounding the double result of + - * / and sqrt of f32 numbers
 * gives the f32 result: a double has more than twice the digits.)
 */
const round = Math.fround;

const LOG2E = /* @__PURE__ */ round(1.44269504088896341);
const MAGIC = 12582912;
const LN2_HIGH = 0.693359375;
const LN2_LOW = /* @__PURE__ */ round(-2.12194440054690583e-4);
const E3 = /* @__PURE__ */ round(0.16666548);
const E4 = /* @__PURE__ */ round(0.041666828);
const E5 = /* @__PURE__ */ round(0.008366112);
const E6 = /* @__PURE__ */ round(0.0013900426);

const L3 = /* @__PURE__ */ round(0.333333333333333);
const L5 = /* @__PURE__ */ round(0.2);
const L7 = /* @__PURE__ */ round(0.142857142857143);
const L9 = /* @__PURE__ */ round(0.111111111111111);
const L11 = /* @__PURE__ */ round(0.0909090909090909);

const TURN = /* @__PURE__ */ round(6.28318530717958648);
const S3 = /* @__PURE__ */ round(-1 / 6);
const S5 = /* @__PURE__ */ round(1 / 120);
const S7 = /* @__PURE__ */ round(-1 / 5040);
const S9 = /* @__PURE__ */ round(2.75573192239858907e-6);
const S11 = /* @__PURE__ */ round(-2.50521083854417188e-8);

/** A float and its bits. */
const buffer = /* @__PURE__ */ new ArrayBuffer(4);
const float = /* @__PURE__ */ new Float32Array(buffer);
const bits = /* @__PURE__ */ new Int32Array(buffer);

export function exp(x: number): number {
  return expClamped(clamp(x, -87, 88));
}

export function sigmoid(x: number): number {
  return round(1 / round(1 + expClamped(clamp(-x, -87, 87))));
}

export function expm1(x: number): number {
  return expm1Clamped(clamp(x, -87, 88));
}

/** log(1 + exp(x)) = max(x, 0) + log(1 + e), e = exp(-|x|), with the rounding error of 1 + e added back. */
export function softplus(x: number): number {
  const e = exp(-Math.abs(x));
  const u = round(1 + e);
  const lost = round(round(e - round(u - 1)) / u);
  return round((x < 0 ? 0 : x) + round(log(u) + lost));
}

/** tanh |x| = |e / (2 + e)|, e = expm1(-2 |x|), with the sign of x. */
export function tanh(x: number): number {
  const magnitude = Math.abs(x);
  const e = expm1Clamped(-2 * (magnitude > 10 ? 10 : magnitude));
  const y = Math.abs(round(e / round(2 + e)));
  return x < 0 || Object.is(x, -0) ? -y : y;
}

/** log(x) = k ln 2 + log(f), x = 2^k f, f in [sqrt(1/2), sqrt(2)); x finite, positive, normal. */
export function log(x: number): number {
  float[0] = x;
  const offset = bits[0] - 0x3f3504f3;
  const k = offset >> 23;
  bits[0] = (offset & 0x007fffff) + 0x3f3504f3;
  const f = float[0];
  const s = round(round(f - 1) / round(f + 1));
  const w = round(s * s);
  let q = madd(L11, w, L9);
  q = madd(q, w, L7);
  q = madd(q, w, L5);
  q = madd(q, w, L3);
  const s2 = round(s + s);
  const tail = madd(round(s2 * w), q, round(k * LN2_LOW));
  return madd(k, LN2_HIGH, round(s2 + tail));
}

export function cosTurn(u: number): number {
  return sinFolded(round(u + 0.25));
}

export function sinTurn(u: number): number {
  return sinFolded(u);
}

/** sin(2 pi x) for x in [0, 5/4): folded to |x| <= 1/4, then Taylor to x^11. */
function sinFolded(x: number): number {
  if (x > 0.5) x = round(x - 1);
  if (Math.abs(x) > 0.25) x = round((x < 0 ? -0.5 : 0.5) - x);
  const a = round(x * TURN);
  const w = round(a * a);
  let q = madd(S11, w, S9);
  q = madd(q, w, S7);
  q = madd(q, w, S5);
  q = madd(q, w, S3);
  return madd(round(a * w), q, a);
}

/** exp(x) for x in [-87, 88]. */
function expClamped(x: number): number {
  const t = madd(x, LOG2E, MAGIC);
  const s = powerOfTwo(t);
  return madd(s, expm1Reduced(reduce(x, t)), s);
}

/** exp(x) - 1 for x in [-87, 88]. */
function expm1Clamped(x: number): number {
  const t = madd(x, LOG2E, MAGIC);
  const s = powerOfTwo(t);
  return madd(s, expm1Reduced(reduce(x, t)), round(s - 1));
}

/** e^r - 1 for |r| <= ln(2) / 2. */
function expm1Reduced(r: number): number {
  let q = madd(E6, r, E5);
  q = madd(q, r, E4);
  q = madd(q, r, E3);
  q = madd(q, r, 0.5);
  return madd(round(r * r), q, r);
}

/** r = x - k ln 2, where t = k + MAGIC. */
function reduce(x: number, t: number): number {
  const k = round(t - MAGIC);
  const high = round(x - round(k * LN2_HIGH));
  return round(high - round(k * LN2_LOW));
}

/** 2^k from t = k + MAGIC. */
function powerOfTwo(t: number): number {
  float[0] = t;
  bits[0] = (bits[0] << 23) + 0x3f800000;
  return float[0];
}

/** x clamped to [low, high]; NaN stays. */
function clamp(x: number, low: number, high: number): number {
  return x < low ? low : x > high ? high : x;
}

/** c + a b, with two roundings. */
function madd(a: number, b: number, c: number): number {
  return round(c + round(a * b));
}
