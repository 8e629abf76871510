import createWabt from "wabt";
import { processorTime } from "../clock.ts";

/**
 * The loop reads the four quarters of a block side by side, as a matmul reads the panels of a weight. On 2 cores of a
 * Granite Rapids, four streams read a block of 1 MB at 75 GB/s, one stream reads 55 GB/s; from 4 MB on all forms read
 * 28 to 29 GB/s (2026-11-22). The only operation on the data is an exclusive or.
 */
const STREAMS = ["a", "b", "c", "d"], LOADS = [0, 16, 32, 48];
const SOURCE = `
  (module
    (import "env" "memory" (memory 1))
    (func (export "read") (param $p i32) (param $quarter i32) (result i32)
      (local $end i32) ${STREAMS.map((s) => `(local $p${s} i32) (local $${s} v128)`).join(" ")}
      (local.set $end (i32.add (local.get $p) (local.get $quarter)))
      (loop $turn
        (local.set $pa (local.get $p))
        (local.set $pb (i32.add (local.get $pa) (local.get $quarter)))
        (local.set $pc (i32.add (local.get $pb) (local.get $quarter)))
        (local.set $pd (i32.add (local.get $pc) (local.get $quarter)))
        ${STREAMS.flatMap((s) => LOADS.map((offset) => readInto(s, offset))).join("\n        ")}
        (br_if $turn (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 64))) (local.get $end))))
      (i32x4.extract_lane 0
        (v128.xor (v128.xor (local.get $a) (local.get $b)) (v128.xor (local.get $c) (local.get $d))))))`;

const MEASURE_MS = 5, WARM_UP_MS = 200;

/** Measure the bytes per second at which one thread reads a block of `bytes` repeatedly: 5 ms a call. */
export async function readBandwidth(bytes: number): Promise<() => number> {
  const quarter = Math.ceil(bytes / 256) * 64, size = 4 * quarter;
  const wabt = await createWabt();
  const { buffer } = wabt.parseWat("read.wat", SOURCE, { simd: true }).toBinary({});
  const memory = new WebAssembly.Memory({ initial: Math.ceil(size / 65_536) });
  new Uint8Array(memory.buffer).fill(1);
  const { instance } = await WebAssembly.instantiate(buffer as Uint8Array<ArrayBuffer>, { env: { memory } });
  const read = instance.exports.read as (p: number, quarter: number) => number;

  function rate(atLeast: number): number {
    read(0, quarter); // into the cache
    const start = processorTime();
    let total = 0, elapsed = 0;
    while (elapsed < atLeast) {
      read(0, quarter);
      total += size;
      elapsed = processorTime() - start;
    }
    return total / elapsed * 1000;
  }
  rate(WARM_UP_MS);
  return () => rate(MEASURE_MS);
}

function readInto(stream: string, offset: number): string {
  const load = `(v128.load offset=${offset} (local.get $p${stream}))`;
  return `(local.set $${stream} (v128.xor (local.get $${stream}) ${load}))`;
}
