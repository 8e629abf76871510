/** A million inputs of each format, in processes with little memory that are watched. */
import { assert } from "@std/assert";
import { fileURLToPath } from "node:url";
import { FORMATS } from "../support/fuzz/formats.ts";

const PROGRAM = fileURLToPath(new URL("../support/programs/fuzz.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../deno.json", import.meta.url));
const SEED = 2;
/** Inputs of one process, so that an error is found early. */
const SLICE = 25_000;
/** Inputs of each format; another number by the environment. */
const COUNT = Number(Deno.env.get("FUZZ_COUNT") ?? 1_000_000);
/** Milliseconds without a line after which a process has stopped: its 50 inputs take less than 0.1 s. */
const PATIENCE = 60_000;

/** Runs a slice. The error says what the process printed last. */
async function run(format: string, from: number, to: number): Promise<void> {
  const flags = ["--no-check", "--quiet", `--config=${CONFIG}`, "--v8-flags=--max-old-space-size=512"];
  const args = ["run", "-A", ...flags, PROGRAM, format, ...[SEED, from, to].map(String)];
  const process = new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "piped" }).spawn();
  const errors = new Response(process.stderr).text();
  let last = "nothing", stopped = false;
  const stop = () => {
    stopped = true;
    process.kill("SIGKILL");
  };
  let watch = setTimeout(stop, PATIENCE);
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    last = text.trim().split("\n").at(-1)!;
    clearTimeout(watch);
    watch = setTimeout(stop, PATIENCE);
  }
  clearTimeout(watch);
  const { success } = await process.status, what = `${format}, seed ${SEED}, 50 inputs from ${last}`;
  assert(!stopped, `${what}: no answer in ${PATIENCE} ms`);
  assert(success, `${what}: ${await errors}`);
}

for (const format of Object.keys(FORMATS)) {
  Deno.test(`${COUNT} files of ${format} with random faults: none stops a process, none is an unnamed error`, async () => {
    const slices = Array.from({ length: Math.ceil(COUNT / SLICE) }, (_, i) => i * SLICE).values();
    await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, async () => {
      for (const from of slices) await run(format, from, Math.min(from + SLICE, COUNT));
    }));
  });
}
