import { assert, assertEquals } from "@std/assert";
import { dense, writeSafetensors } from "../mod.ts";
import { writeOnnx } from "../onnx.ts";

/**
 * Runs a program as a user does who trusts nothing. No flag grants a permission, `--no-prompt` makes a missing one an
 * error, and the others keep everything out but the program's own imports: no configuration file, no downloads.
 */
async function run(
  program: string,
  flags: string[] = [],
  own: string[] = [],
): Promise<{ code: number; output: string; errors: string }> {
  const args = ["run", "--no-prompt", "--no-config", "--no-lock", "--cached-only", ...flags, program, ...own];
  const signal = AbortSignal.timeout(60_000); // a program that does not end fails
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, stdin: "null", signal }).output();
  const text = new TextDecoder();
  return { code, output: text.decode(stdout), errors: text.decode(stderr) };
}

Deno.test("training needs no permission and no configuration", async () => {
  const { code, output, errors } = await run(new URL("./support/programs/zero_permission.ts", import.meta.url).href);
  assertEquals(code, 0, errors);
  const { first, last } = JSON.parse(output);
  // A uniform guess among the text's 12 characters costs ln 12 = 2.48 nats; the net has read the text ten times.
  assert(Math.abs(first - Math.log(12)) < 0.2, `first loss ${first}`);
  assert(last < 1, `last loss ${last}`);
});

Deno.test("threads need no permission, and end with their session", async () => {
  const { code, output, errors } = await run(new URL("./support/programs/threads.ts", import.meta.url).href);
  assertEquals(code, 0, errors);
  assertEquals(JSON.parse(output), { threads: 3, outputs: 64 });
});

Deno.test("loading files needs no permission but to read them", async () => {
  const folder = await Deno.makeTempDir(), net = dense(2, 1);
  const parameters = new Map([
    ["weight", { shape: [1, 2], data: Float32Array.of(3, 4) }],
    ["bias", { shape: [1], data: Float32Array.of(5) }],
  ]);
  try {
    Deno.writeFileSync(`${folder}/net.safetensors`, writeSafetensors(parameters));
    Deno.writeFileSync(`${folder}/net.onnx`, writeOnnx(net, parameters));
    const program = new URL("./support/programs/load_files.ts", import.meta.url).href;
    const { code, output, errors } = await run(program, [`--allow-read=${folder}`], [folder]);
    assertEquals(code, 0, errors);
    assertEquals(JSON.parse(output), [16, 16]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("a program run like that gets no permission", async () => {
  const { code, errors } = await run(`data:text/javascript,${encodeURIComponent('Deno.readTextFileSync("/")')}`);
  assert(code !== 0 && errors.includes("NotCapable"), errors);
});
