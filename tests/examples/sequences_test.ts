import { assert, assertEquals, assertMatch } from "@std/assert";
import { countBars, readTunes } from "../../examples/frame/abc.ts";
import { runExample } from "../support/examples/run_example.ts";

Deno.test("names.ts invents names of each gender and prints the loss of n-grams", async () => {
  const text = await runExample("names.ts", "--seconds", "2", "--hidden", "16", "--count", "3");
  assertMatch(text, /^7965 names to train on, 884 held out$/m);
  assertMatch(text, /^nats per letter, ends included: bigram 2\.3\d\d, trigram 2\.0\d\d, 4-gram 1\.9\d\d$/m);
  assertMatch(text, /^validation: [2-3]\.\d{3} nats per letter, ends included \(\d\.\d{3} bits per character\)$/m);
  assertMatch(text, /^female: \S+, \S+, \S+\nmale: \S+, \S+, \S+$/m);
});

/** Tunes of two metres. The bars of each add up. */
const TUNES = Array.from({ length: 24 }, (_, i) => {
  const [metre, bars] = i % 2
    ? ["3/4", ["ABc", "d2e", "f3", "A/2B/2cd"]]
    : ["4/4", ["ABcd", "e2f2", "A3B", "(3ABc d2"]];
  const part = [0, 1, 2, 3, i >> 1, i >> 2, i, 2].map((n) => bars[n % 4]).join("|");
  return `X:${i + 1}\nT:Own ${i}\nM:${metre}\nL:1/4\nK:${i % 3 ? "D" : "G"}\n"${"G"}"A|${part}|\nd2A:|\n\n`;
}).join("");

Deno.test("music.ts writes tunes as files and prints the percentage of bars that add up", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/own.abc`, TUNES);
    const out = `${folder}/written`, more = ["--hidden", "16", "--count", "4", "--metre", "3/4", "--key", "G"];
    const text = await runExample("music.ts", "--tunes", folder, "--seconds", "1", "--out", out, ...more);
    assertMatch(text, /^24 tunes of 2 metres and 2 keys; 100\.0 % of tunes, 100\.00 % of bars add up$/m);
    assertMatch(text, /^4 tunes written, \d of them new: \d+\.\d % of tunes, \d+\.\d\d % of bars add up$/m);
    assertEquals([...Deno.readDirSync(out)].length, 4);
    assert((await Deno.readTextFile(`${out}/1.abc`)).startsWith("X:1\nT:Tune 1\nM:3/4\nL:1/4\nK:G\n"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("music.ts without tunes ends with one line of error", async () => {
  for (const args of [[], ["--tunes", "nowhere"]]) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "examples/music.ts", ...args],
      cwd: new URL("../..", import.meta.url),
    }).output();
    assertEquals(code, 2);
    assertMatch(
      new TextDecoder().decode(stderr),
      /^error: --tunes must be a file, a folder or a URL of tunes in ABC notation[^\n]*\n$/,
    );
  }
});

/** Numbers of bars, and of bars that do not add up, in a tune of this body. */
function counted(body: string, metre = "4/4", unit = "L:1/4\n"): [number, number] {
  const [tune] = readTunes(`X:1\nT:t\nM:${metre}\n${unit}K:C\n${body}\n`), { bars, wrong } = countBars(tune);
  return [bars, wrong];
}

Deno.test("countBars finds the bars of ABC notation that do not add up", () => {
  assertEquals(counted("ABcd|e2f2|A4|"), [3, 0]);
  assertEquals(counted("ABcd|e2f|A4|"), [3, 1], "too short within");
  assertEquals(counted("d|ABcd|e2f2|A3|"), [4, 0], "upbeat");
  assertEquals(counted("ABcde|A4|A4|"), [3, 1], "too long at the beginning");
  assertEquals(counted("A>Bc<d|A3/2B/c//d//e/2f|^F,=c'__Bz|"), [3, 0], "broken rhythm, fractions, accidentals");
  assertEquals(counted("(3ABcd2|(3A/B/c/def|ABcd|"), [3, 0], "triplets");
  assertEquals(counted("(3ABcde|A4|(3ABcd|A4|"), [4, 1], "a triplet that lacks a beat");
  assertEquals(counted('"Am"ABc"D7"d|{gf}A4|!f![Ace]2[A2c2]|[Ac]2B2|'), [4, 0], "chords, symbols, grace notes");
  assertEquals(counted("d|ABcd|1A3:|2A4||e|ABcd|A3|]"), [7, 0], "repeats and endings");
  assertEquals(counted("|:ABcd|A2-A2::A4|[1A4:|[2A3B|"), [5, 0]);
  assertEquals(counted("ABc def|A3 B3|", "6/8", ""), [2, 0], "the unit by the metre");
  assertEquals(counted("ABcd|efga|", "2/4", ""), [2, 0], "a sixteenth below 3/4");
  assertEquals(readTunes("X:1\nM:4/4\nK:C\nA|\nM:3/4\nB|\n"), [], "a metre that changes");
});
