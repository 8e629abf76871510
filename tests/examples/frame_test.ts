import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { stdout } from "node:process";
import { atLeastZero, integer, oneOf, readOptions, text, UsageError } from "../../examples/frame/command_line.ts";
import { progress } from "../../examples/frame/progress.ts";

const PARSERS = {
  seconds: atLeastZero,
  layers: integer(1, 4),
  cell: oneOf("gru", "lstm"),
  text,
  quiet: "flag",
} as const;

Deno.test("options are values of their own types", () => {
  assertEquals(readOptions([], PARSERS), {});
  assertEquals(readOptions(["--seconds", "1.5", "--text=a b"], PARSERS), { seconds: 1.5, text: "a b" });
  assertEquals(readOptions(["--layers=2", "--cell", "gru", "--quiet"], PARSERS), {
    layers: 2,
    cell: "gru",
    quiet: true,
  });
  assertEquals(readOptions(["--text", "1", "--help"], PARSERS), "help");
});

Deno.test("a wrong option is an error of one line", () => {
  const refused = [
    [["--second", "1"], "unknown option --second (--help lists the options)"],
    [["--seconds"], "--seconds needs a value"],
    [["--quiet=no"], "--quiet takes no value"],
    [["--seconds", ""], '--seconds must be a number >= 0, got ""'],
    [["--seconds=-1"], '--seconds must be a number >= 0, got "-1"'],
    [["--layers=5"], '--layers must be an integer from 1 to 4, got "5"'],
    [["--cell=elman"], '--cell must be gru or lstm, got "elman"'],
    [["1"], 'unexpected argument "1"'],
  ] as const;
  for (const [args, message] of refused) assertThrows(() => readOptions([...args], PARSERS), UsageError, message);
});

Deno.test("progress passes on the events and prints a last line with the last losses", async () => {
  const events = [{ step: 1, loss: 2 }, { type: "evaluation", step: 1, loss: 3 }, { type: "epoch", step: 1, loss: 4 }];
  const source = (async function* () {
    yield* events;
  })();
  const figures = ({ loss }: { loss: number }) => ({ twice: String(2 * loss) });
  const { write } = stdout;
  let printed = "";
  stdout.write = (text: unknown) => (printed += text, true);
  try {
    assertEquals(await Array.fromAsync(progress(source, { label: "GRU", seconds: 1, figures })), events);
  } finally {
    stdout.write = write;
  }
  assertMatch(printed, /GRU: 1 steps in \d\.\d s, loss 2\.000, twice 8, validation 3\.000\n$/);
});
