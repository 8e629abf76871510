/**
 * Python as the tests find it, for those that compare with a library of Python's and are skipped where it is absent.
 */

/** A Python, or why there is none. */
export interface Python {
  /** The program; undefined: there is none that has the modules. */
  readonly program?: string;
  /** What the last one that was tried has said. */
  readonly why: string;
}

/**
 * The first `python3` of the PATH that has all modules. Not simply the first one: npx puts the folder of Node before
 * the user's own, and with it a system's Python without them.
 */
export async function findPython(modules: readonly string[]): Promise<Python> {
  let why = "there is no python3";
  for (const folder of new Set((Deno.env.get("PATH") ?? "").split(":"))) {
    const program = `${folder}/python3`, { code, errors } = await runPython(program, ["-c", `import ${modules}`]);
    if (code === 0) return { program, why: "" };
    if (code !== undefined) why = `${program}: ${errors.split("\n").at(-1)}`;
  }
  return { why };
}

/** The exit code, undefined where there is no such program, and what went to the two streams. */
export async function runPython(
  program: string,
  args: readonly string[],
): Promise<{ code?: number; output: string; errors: string }> {
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    return { code, output: text(stdout), errors: text(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { output: "", errors: String(error) };
    throw error;
  }
}
