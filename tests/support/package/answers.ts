import { assert, assertEquals } from "@std/assert";

/** The program user.ts, wherever it ran and from wherever it had the library, must have printed this. */
export function assertAnswers(output: string): void {
  const { first, last, ...answers } = JSON.parse(output);
  // A uniform guess among 3 classes costs ln 3 = 1.10 nats; what follows what is learned by heart.
  assert(Math.abs(first - Math.log(3)) < 0.3, `first loss ${first}`);
  assert(last < 0.1, `last loss ${last}`);
  assertEquals(answers, { same: true, refused: "ShapeError", events: 6, right: true });
}

/** What a program wrote; a failure is shown with all that it said. */
export async function run(command: string, args: string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, cwd, stdin: "null" }).output();
  const text = new TextDecoder(), output = text.decode(stdout);
  assertEquals(code, 0, `${command} ${args.join(" ")}\n${output}${text.decode(stderr)}`);
  return output;
}
