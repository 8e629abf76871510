import { assertEqualColumns, kernelTest, U } from "../support/kernels/harness.ts";

const WIDTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 33];
const BATCHES = [1, 2, 3, 4, 5];

/** Numbers stay below 4, and a result has at most a dozen roundings. */
const NEAR = { absolute: 48 * U };

/** The kernels that turn pre-activations and hPrev into h (or r hPrev), with the number of gates in z. */
const FORWARD = { gruForward: 4, gruResetForward: 3, gruUpdateForward: 3 } as const;

/** The kernels that turn gates and dh (or drh) into gradients of pre-activations, and add to dhPrev. */
const BACKWARD = { gruBackward: 4, gruUpdateBackward: 3, gruResetBackward: 3 } as const;

for (const name of ["gruForward", "gruResetForward", "gruUpdateForward"] as const) {
  kernelTest(`${name} equals the reference at all shapes and strides`, ({ check }) => {
    for (const B of BATCHES) {
      for (const H of WIDTHS) {
        check(
          (space) => {
            const width = FORWARD[name] * H, ldz = width + B % 3, ldh = H + (B + H) % 3;
            const h = space.output(B, H, ldh), z = space.random(B, width, ldz, 4), hPrev = space.random(B, H, ldh);
            return (kernels) => kernels[name](h, z, hPrev, B, H, ldz, ldh);
          },
          NEAR,
          `B ${B} H ${H}`,
        );
      }
    }
  });
}

for (const name of ["gruBackward", "gruUpdateBackward", "gruResetBackward"] as const) {
  kernelTest(`${name} equals the reference at all shapes and strides`, ({ check }) => {
    for (const B of BATCHES) {
      for (const H of WIDTHS) {
        check(
          (space) => {
            const width = BACKWARD[name] * H, ldz = width + B % 3, ldh = H + (B + H) % 3;
            const z = space.random(B, width, ldz), dhPrev = space.random(B, H, ldh);
            const dh = space.random(B, H, ldh), hPrev = space.random(B, H, ldh);
            return (kernels) => kernels[name](z, dhPrev, dh, hPrev, B, H, ldz, ldh);
          },
          NEAR,
          `B ${B} H ${H}`,
        );
      }
    }
  });
}

kernelTest(
  "an element of a GRU step has the same bits in any lane, in a full vector and in a tail",
  ({ arena, kernels }) => {
    const B = 5, z = 4096, hPrev = 16384, h = 20480, dhPrev = 24576;
    for (const H of WIDTHS) {
      for (const step of ["whole", "halves"]) {
        const gates = step === "whole" ? 4 : 3, ldz = gates * H;
        for (let i = 0; i < B * gates; i++) arena.floats(z + 4 * i * H, H).fill(i / 7 - 1.3);
        for (let b = 0; b < B; b++) {
          arena.floats(hPrev + 4 * b * H, H).fill(0.3 - b / 5);
          arena.floats(dhPrev + 4 * b * H, H).fill(b / 3);
        }
        if (step === "whole") {
          kernels.gruForward(h, z, hPrev, B, H, ldz, H);
          assertEqualColumns(arena, h, B, H);
          kernels.gruBackward(z, dhPrev, h, hPrev, B, H, ldz, H);
        } else {
          kernels.gruResetForward(h, z, hPrev, B, H, ldz, H);
          assertEqualColumns(arena, h, B, H);
          kernels.gruUpdateForward(h, z, hPrev, B, H, ldz, H);
          assertEqualColumns(arena, h, B, H);
          kernels.gruUpdateBackward(z, dhPrev, h, hPrev, B, H, ldz, H);
          kernels.gruResetBackward(z, dhPrev, h, hPrev, B, H, ldz, H);
        }
        assertEqualColumns(arena, z, gates * B, H);
        assertEqualColumns(arena, dhPrev, B, H);
      }
    }
  },
);
