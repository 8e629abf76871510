/**
 * exp, expm1, log, sigmoid, tanh, softplus, cos and sin in double precision, for all doubles, with a relative error of
 * a few 1e-16. The functions of two engines may differ in the last bit. These are made of + - * / alone, so they do
 * not.
 */
const LN2_HIGH = 6.93147180369123816490e-1; // 32 bits of ln 2, so that its product with an exponent is exact
const LN2_LOW = 1.90821492927058770002e-10;
const LOG2E = 1.44269504088896338700;
const TURN = 6.28318530717958647693;

/** 1/n! at index n, up to 1/15!: enough for e^r with |r| <= ln(2) / 2. */
const INVERSE_FACTORIAL = /* @__PURE__ */ inverseFactorials(15);

/** A double and its two words, low word first: only little-endian machines run the library. */
const buffer = /* @__PURE__ */ new ArrayBuffer(8);
const double = /* @__PURE__ */ new Float64Array(buffer);
const words = /* @__PURE__ */ new Int32Array(buffer);

export function exp(x: number): number {
  if (x > 709.79) return Infinity;
  if (x < -745.14) return 0;
  const k = Math.round(x * LOG2E);
  return scaled(1 + expm1Reduced(reduce(x, k)), k);
}

/** e^x - 1, accurate to the last bits near 0 too. */
export function expm1(x: number): number {
  if (x < -40) return -1;
  if (x > 709.79) return Infinity;
  const k = Math.round(x * LOG2E);
  const e = expm1Reduced(reduce(x, k));
  if (k === 0) return e;
  if (k > 60) return scaled(1 + e, k); // the 1 is below the last bit
  const s = scaled(1, k);
  return s * e + (s - 1);
}

/** log(x): -Infinity at 0, NaN below. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  let k = 0;
  if (x < 2 ** -1022) {
    x *= 2 ** 54;
    k = -54;
  }
  // x = 2^k f, f in [sqrt(1/2), sqrt(2)), by the high word: 0x3fe6a09e is the high word of sqrt(1/2).
  double[0] = x;
  const offset = words[1] - 0x3fe6a09e;
  k += offset >> 20;
  words[1] = (offset & 0x000fffff) + 0x3fe6a09e;
  // log(1 + g) = g - g²/2 + s (g²/2 + R), s = g / (2 + g), R = 2 s²/3 + 2 s⁴/5 + ...: g itself carries no error.
  const g = double[0] - 1;
  const s = g / (2 + g);
  const w = s * s;
  let R = 0;
  for (let n = 25; n >= 3; n -= 2) R = w * (2 / n + R);
  const half = 0.5 * g * g;
  return k * LN2_HIGH - ((half - (s * (half + R) + k * LN2_LOW)) - g);
}

/** x^n for an integer n >= 0, by squaring, with an error of about n roundings. */
export function power(x: number, n: number): number {
  let result = 1;
  for (; n > 0; n = Math.floor(n / 2), x *= x) if (n % 2) result *= x;
  return result;
}

export function sigmoid(x: number): number {
  return 1 / (1 + exp(-x));
}

export function tanh(x: number): number {
  if (x === 0) return x;
  const e = expm1(-2 * Math.abs(x));
  const y = -e / (2 + e);
  return x < 0 ? -y : y;
}

/**
 * log(1 + e^x) = max(x, 0) + log(1 + e), e = exp(-|x|), with the rounding error of 1 + e added back (Goldberg 1991,
 * theorem 4).
 */
export function softplus(x: number): number {
  const e = exp(-Math.abs(x));
  const u = 1 + e;
  return (x < 0 ? 0 : x) + (log(u) + (e - (u - 1)) / u);
}

/** cos(2 pi u) */
export function cosTurn(u: number): number {
  return sinTurn(u - Math.floor(u) + 0.25);
}

/** sin(2 pi u). Folding a turn does not round; folding an angle in radians would. */
export function sinTurn(u: number): number {
  let x = u - Math.floor(u);
  if (x > 0.5) x -= 1;
  if (Math.abs(x) > 0.25) x = (x < 0 ? -0.5 : 0.5) - x;
  if (Math.abs(x) <= 0.125) return TURN * x * circleSeries(TURN * x, 3);
  const cos = circleSeries(TURN * (0.25 - Math.abs(x)), 2);
  return x < 0 ? -cos : cos;
}

/** 1 - a²/((first - 1) first) + a⁴/(... (first + 2)) - ...: cos(a) when first is 2, sin(a)/a when first is 3. */
function circleSeries(a: number, first: number): number {
  let q = 1;
  for (let n = first + 16; n >= first; n -= 2) q = 1 - q * a * a / (n * (n - 1));
  return q;
}

function inverseFactorials(last: number): number[] {
  const inverses = [1];
  for (let n = 1, factorial = 1; n <= last; n++) inverses[n] = 1 / (factorial *= n);
  return inverses;
}

/** e^r - 1 for |r| <= ln(2) / 2: a Taylor series, r last. */
function expm1Reduced(r: number): number {
  let q = INVERSE_FACTORIAL[15];
  for (let n = 14; n >= 2; n--) q = q * r + INVERSE_FACTORIAL[n];
  return r + r * r * q;
}

/** x - k ln 2 */
function reduce(x: number, k: number): number {
  return (x - k * LN2_HIGH) - k * LN2_LOW;
}

/** y 2^k, also when 2^k or the result is not a normal number. */
function scaled(y: number, k: number): number {
  if (k > 1023) return scaled(y * 2, k - 1);
  if (k < -1022) return scaled(y, k + 64) * 2 ** -64;
  words[0] = 0;
  words[1] = (k + 1023) << 20;
  return y * double[0];
}
