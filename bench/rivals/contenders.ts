/** Who takes part, and how to start each. */
export interface Contender {
  readonly id: string;
  /** The head of its column. */
  readonly title: string;
  readonly command: readonly string[];
  /** Its version, in a program of its own. */
  readonly version: readonly string[];
  /** Threads that it may use. Default 1. */
  readonly threads?: number;
}

const PYTHON = "python3";

export const CONTENDERS: readonly Contender[] = [
  ours("fast"),
  ours("exact"),
  {
    id: "torch",
    title: "PyTorch",
    command: [PYTHON, "pytorch.py"],
    version: [PYTHON, "-c", "import torch; print(torch.__version__)"],
  },
  npm("ort-node", "onnxruntime-node", "onnxruntime_node.ts", "onnxruntime-node"),
  npm("ort-web", "onnxruntime-web", "onnxruntime_web.ts", "onnxruntime-web"),
  npm("jax", "jax-js", "jax.ts", "@jax-js/jax"),
  npm("tfjs-wasm", "TF.js wasm", "tfjs.ts", "@tensorflow/tfjs", "wasm"),
  npm("tfjs-cpu", "TF.js cpu", "tfjs.ts", "@tensorflow/tfjs", "cpu"),
  npm("brain", "brain.js", "brain.ts", "brain.js"),
];

/** Ours with one thread, then all that can use two with two; onnxruntime-web cannot start its workers in Deno. */
export const TWO_THREADS: readonly Contender[] = [
  ours("fast"),
  ...CONTENDERS.filter(({ id }) => ["unroll-fast", "torch", "ort-node"].includes(id)).map((contender) => ({
    ...contender,
    id: `${contender.id}-2`,
    title: `${contender.title}, two threads`,
    threads: 2,
  })),
];

function ours(numerics: string): Contender {
  const deno = Deno.execPath(), manifest = 'import config from "../../deno.json" with { type: "json" };';
  return {
    id: `unroll-${numerics}`,
    title: `unroll ${numerics}`,
    command: [deno, "run", "-A", "--quiet", "unroll.ts", numerics],
    version: [deno, "eval", `${manifest} console.log(config.version)`],
  };
}

/** A package that deno.json of this folder pins. */
function npm(id: string, title: string, file: string, name: string, ...args: string[]): Contender {
  const deno = Deno.execPath(), manifest = 'import config from "./deno.json" with { type: "json" };';
  return {
    id,
    title,
    command: [deno, "run", "-A", "--quiet", file, ...args],
    version: [deno, "eval", `${manifest} console.log(config.imports["${name}"].split("@").at(-1))`],
  };
}

/** The version, or undefined where the contender cannot run on this machine. */
async function version({ version: [program, ...args] }: Contender): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Those of these that can run on this machine, with their versions; of the others a line says so. */
export async function present(contenders: readonly Contender[]): Promise<Map<Contender, string>> {
  const versions = new Map<Contender, string>();
  for (const contender of contenders) {
    const number = await version(contender);
    if (number) versions.set(contender, number);
    else console.log(`${contender.title} cannot run on this machine`);
  }
  return versions;
}
