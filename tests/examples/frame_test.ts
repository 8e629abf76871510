import { assertEquals, assertThrows } from "@std/assert";
import { readOptions } from "../../examples/frame/command_line.ts";
import { progress } from "../../examples/frame/progress.ts";

const DEFAULTS = { seconds: 60, text: "" };

Deno.test("an example's options are numbers and texts, as the defaults are", () => {
  assertEquals(readOptions([], DEFAULTS), DEFAULTS);
  assertEquals(readOptions(["--seconds", "1.5", "--text=a b"], DEFAULTS), { seconds: 1.5, text: "a b" });
  assertEquals(readOptions(["--text", "1", "--help"], DEFAULTS), undefined);
});

Deno.test("what an example does not understand is one line", () => {
  const refused = [
    [["--second", "1"], "unknown option --second"],
    [["--seconds"], "--seconds needs a value"],
    [["--seconds", ""], '--seconds must be a number >= 0, got ""'],
    [["--seconds=-1"], '--seconds must be a number >= 0, got "-1"'],
    [["1"], 'unexpected argument "1"'],
  ] as const;
  for (const [args, message] of refused) assertThrows(() => readOptions([...args], DEFAULTS), Error, message);
});

Deno.test("progress passes the events on, and leaves a line that tells of the last losses", async () => {
  const events = [{ step: 1, loss: 2 }, { type: "evaluation", step: 1, loss: 3 }, { type: "epoch", step: 1, loss: 4 }];
  const lines: string[] = [], { log } = console;
  console.log = (line: string) => lines.push(line);
  try {
    const source = (async function* () {
      yield* events;
    })();
    const figures = ({ loss }: { loss: number }) => ({ twice: String(2 * loss) });
    assertEquals(await Array.fromAsync(progress(source, { label: "GRU", seconds: 1, figures })), events);
  } finally {
    console.log = log;
  }
  assertEquals(lines.map((line) => line.replace(/\d\.\d s/, "0.0 s")), [
    "GRU: 1 steps in 0.0 s, loss 2.000, twice 8, validation 3.000",
  ]);
});
