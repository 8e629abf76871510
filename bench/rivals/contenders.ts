/** A library that takes part, with its commands. */
export interface Contender {
  readonly id: string;
  /** Head of its column. */
  readonly title: string;
  readonly command: readonly string[];
  /** Command that prints its version. */
  readonly version: readonly string[];
  /**
   * Number of threads.
   *
   * @default 1
   */
  readonly threads?: number;
}

const PYTHON = "python3";

/** All contenders with one thread each, this library's builds first. */
export const CONTENDERS: readonly Contender[] = [
  unroll("fast"),
  unroll("exact"),
  unroll("int8"),
  {
    id: "torch",
    title: "PyTorch",
    command: [PYTHON, "pytorch.py"],
    version: [PYTHON, "-c", "import torch; print(torch.__version__)"],
  },
  npm("ort-node", "onnxruntime-node", "onnxruntime.ts", "onnxruntime-node", "node"),
  npm("ort-web", "onnxruntime-web", "onnxruntime.ts", "onnxruntime-web", "web"),
  npm("jax", "jax-js", "jax.ts", "@jax-js/jax"),
  npm("tfjs-wasm", "TF.js wasm", "tfjs.ts", "@tensorflow/tfjs", "wasm"),
  npm("tfjs-cpu", "TF.js cpu", "tfjs.ts", "@tensorflow/tfjs", "cpu"),
  npm("brain", "brain.js", "brain.ts", "brain.js"),
];

/** Contenders that can use several threads. onnxruntime-web cannot start its workers in Deno. */
const THREADED = ["unroll-fast", "torch", "ort-node"];

/** This library with one thread, then all contenders that can use several threads with that number. */
export function withThreads(threads: number): readonly Contender[] {
  const several = CONTENDERS.filter(({ id }) => THREADED.includes(id)).map((contender) => {
    return { ...contender, title: `${contender.title}, ${threads} threads`, threads };
  });
  return [unroll("fast"), ...several];
}

function unroll(numerics: string): Contender {
  const deno = Deno.execPath();
  const manifest = 'import config from "../../deno.json" with { type: "json" };';
  return {
    id: `unroll-${numerics}`,
    title: `unroll ${numerics}`,
    command: [deno, "run", "-A", "--quiet", "unroll.ts", numerics],
    version: [deno, "eval", `${manifest} console.log(config.version)`],
  };
}

/** A package of npm. This folder's deno.json pins its version. */
function npm(id: string, title: string, file: string, name: string, ...args: string[]): Contender {
  const deno = Deno.execPath();
  const manifest = 'import config from "./deno.json" with { type: "json" };';
  return {
    id,
    title,
    command: [deno, "run", "-A", "--quiet", file, ...args],
    version: [deno, "eval", `${manifest} console.log(config.imports["${name}"].split("@").at(-1))`],
  };
}

/** The version, or undefined if the contender cannot run on this machine. */
async function version({ version: [program, ...args] }: Contender): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The contenders that can run on this machine, with their versions. Prints the others. */
export async function available(contenders: readonly Contender[]): Promise<Map<Contender, string>> {
  const versions = new Map<Contender, string>();
  for (const contender of contenders) {
    const found = await version(contender);
    if (found) versions.set(contender, found);
    else console.log(`${contender.title} cannot run on this machine`);
  }
  return versions;
}
