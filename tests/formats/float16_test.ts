import { assert, assertEquals } from "@std/assert";
import { fromBF16, fromF16, toBF16, toF16 } from "../../src/formats/float16.ts";

const ALL = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

/** The number of a bit pattern by the definition of its type: sign, `exponent` bits, `fraction` bits. */
function defined(bits: number, exponent: number, fraction: number): number {
  const sign = bits >>> 15 ? -1 : 1, e = bits >>> fraction & (1 << exponent) - 1, f = bits & (1 << fraction) - 1;
  const bias = (1 << (exponent - 1)) - 1;
  if (e === (1 << exponent) - 1) return f ? NaN : sign * Infinity;
  return e === 0 ? sign * f * 2 ** (1 - bias - fraction) : sign * (1 + f / (1 << fraction)) * 2 ** (e - bias);
}

function assertSame(got: Uint16Array, want: Uint16Array): void {
  const i = got.findIndex((bits, i) => bits !== want[i]);
  assert(got.length === want.length && i < 0, `element ${i} is ${got[i]?.toString(16)}, not ${want[i]?.toString(16)}`);
}

const TYPES = {
  F16: { from: fromF16, to: toF16, exponent: 5, fraction: 10 },
  BF16: { from: fromBF16, to: toBF16, exponent: 8, fraction: 7 },
};

for (const [name, { from, to, exponent, fraction }] of Object.entries(TYPES)) {
  const infinity = (1 << exponent) - 1 << fraction;

  Deno.test(`${name}: all 65536 bit patterns decode as defined and are encoded to the same bits`, () => {
    const numbers = from(ALL);
    for (const bits of ALL) {
      const want = defined(bits, exponent, fraction);
      assert(Object.is(numbers[bits], want), `${bits.toString(16)}: ${numbers[bits]}, not ${want}`);
    }
    assertSame(to(numbers), ALL);
  });

  Deno.test(`${name}: numbers round to nearest, ties to even, between all neighbours and with both signs`, () => {
    // The middle between a number and the next one is an exact f32, which has 13 or 16 more bits. So are its
    // neighbours.
    const down = from(ALL.subarray(0, infinity)), tie = new Float32Array(infinity);
    for (let bits = 0; bits < infinity; bits++) {
      // After the largest number, the next one would be 2^16 or 2^128.
      const next = bits + 1 < infinity ? down[bits + 1] : 2 * down[bits] - down[bits - 1];
      tie[bits] = down[bits] / 2 + next / 2;
      assert(tie[bits] === down[bits] / 2 + next / 2);
    }
    const moved = (by: number) => new Float32Array(new Uint32Array(tie.buffer).map((word) => word + by).buffer);
    const negative = (numbers: Float32Array) => numbers.map((number) => -number);
    const [below, above] = [moved(-1), moved(1)];
    const positive = ALL.subarray(0, infinity), even = positive.map((bits) => bits + (bits & 1));
    const cases: [Float32Array, Uint16Array][] = [[below, positive], [tie, even], [
      above,
      positive.map((bits) => bits + 1),
    ]];
    for (const [numbers, want] of cases) {
      assertSame(to(numbers), want);
      assertSame(to(negative(numbers)), want.map((bits) => bits | 0x8000));
    }
  });

  Deno.test(`${name}: larger numbers become infinity, smaller ones zero, and NaN stays NaN`, () => {
    assertEquals([...to(Float32Array.of(Infinity, -Infinity))], [infinity, infinity | 0x8000]);
    assertEquals([...to(Float32Array.of(0, -0, 2 ** -149, -(2 ** -149)))], [0, 0x8000, 0, 0x8000]);
    assertEquals([...to(new Float32Array(Uint32Array.of(0x7f7fffff).buffer))], [infinity]);
    for (let bit = 0; bit < 23; bit++) {
      for (const sign of [0, 0x80000000]) {
        const [bits] = to(new Float32Array(Uint32Array.of((sign | 0x7f800000 | 1 << bit) >>> 0).buffer));
        assert((bits & 0x7fff) > infinity && bits >>> 15 === sign >>> 31, `bit ${bit}: ${bits.toString(16)}`);
      }
    }
  });
}

Deno.test("both conversions agree with the engine's F16", () => {
  const view = new DataView(new ArrayBuffer(2)), numbers = fromF16(ALL);
  for (const bits of ALL) {
    view.setUint16(0, bits);
    assert(Object.is(view.getFloat16(0), numbers[bits]));
  }
  // Every 65537th f32: all exponents, with fractions of all kinds. The engine chooses the payload of a NaN.
  const some = new Float32Array(Uint32Array.from({ length: 65535 }, (_, i) => i * 65537).buffer), halves = toF16(some);
  for (let i = 0; i < some.length; i++) {
    view.setFloat16(0, some[i]);
    assert(Number.isNaN(some[i]) || view.getUint16(0) === halves[i], `${some[i]}`);
  }
});
