import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import type { Optimizer } from "../../../mod.ts";
import { Folder } from "../files/folder.ts";
import { OPTIMIZERS, start, STEPS, train } from "./resumable.ts";

/** A training in one piece: its losses, and a checkpoint before every step and at the end. */
export async function cutTraining(optimizer: Optimizer): Promise<{ losses: number[]; files: Uint8Array[] }> {
  using whole = await start(optimizer);
  const losses: number[] = [], files = [whole.checkpoint({ extra: { step: 0 } })];
  for (let step = 0; step < STEPS; step++) {
    losses.push(...train(whole, step, step + 1));
    files.push(whole.checkpoint({ extra: { step: step + 1 } }));
  }
  return { losses, files };
}

/** Asserts that a training cut at these steps goes on bit for bit in a new process. */
export async function resumeElsewhere(name: string, cuts: readonly number[]): Promise<void> {
  const { losses, files } = await cutTraining(OPTIMIZERS[name]);
  using folder = new Folder();
  const paths = cuts.map((cut) => folder.file(`${cut}.safetensors`));
  cuts.forEach((cut, i) => Deno.writeFileSync(paths[i], files[cut]));
  const script = fileURLToPath(new URL("../programs/resume.ts", import.meta.url));
  const args = ["run", "-A", "--no-check", "--quiet", script, name, ...paths];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const [lines, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  const results = lines.trim().split("\n").map((line) => line && JSON.parse(line));
  assertEquals(results.length, cuts.length, errors);
  results.forEach((result, i) => {
    assertEquals(result.losses, losses.slice(cuts[i]), `${name}, cut at ${cuts[i]}`);
    assertEquals(Uint8Array.fromHex(result.checkpoint), files[STEPS], `${name}, cut at ${cuts[i]}`);
  });
}
