import { assertEquals, assertMatch } from "@std/assert";

Deno.test("pronounce.ts trains, prints its error rates, pronounces words and shows the attention", async () => {
  const args = ["--seconds", "2", "--hidden", "16", "--words", "cat tale"];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "examples/pronounce.ts", ...args],
    cwd: new URL("../..", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const text = new TextDecoder().decode(stdout);
  assertMatch(text, /^pronounce: [\d,]+ steps in \d+\.\d s, loss \d\.\d{3}$/m);
  assertMatch(text, /^12000 words held out: \d+\.\d\d % of phonemes, \d+\.\d\d % of words wrong$/m);
  assertMatch(text, /^beam search of 3, the first 2000 of them: \d+\.\d\d % of phonemes/m);
  assertMatch(text, /^CAT {14}([A-Z]+ ?)*\nTALE {13}([A-Z]+ ?)*$/m);
  assertMatch(text, /^ {6}C A T\n([A-Z]+ +[ ░▒▓█]+\n)*<eos>/m);
});
