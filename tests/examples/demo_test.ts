import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { join } from "node:path";
import { LanguageModel } from "../../mod.ts";

const MAIN = import.meta.resolve("../../examples/demo/main.ts");
const TEXT = "The whale swam north, and the crew of the ship rowed after it all day.\nThey saw it twice. ".repeat(20);
const SMALL = ["--hidden", "8", "--layers", "1", "--batch", "4", "--steps", "3", "--length", "30"];
const VALIDATION = /^validation: \d+\.\d{3} bits per character\n/;

interface Result {
  status: number;
  out: string;
  error: string;
}

/** A temporary folder with a corpus, the working directory of the demo. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync();

  constructor() {
    Deno.writeTextFileSync(this.file("corpus.txt"), TEXT);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  get files(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name).sort();
  }

  command(...args: string[]): Deno.Command {
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", MAIN, ...args],
      cwd: this.path,
      env: { NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
    });
  }

  async run(...args: string[]): Promise<Result> {
    return result(await this.command(...args).output());
  }

  /** Trains for a few steps. File names are relative to the folder. */
  train(...args: string[]): Promise<Result> {
    return this.run("--corpus", "corpus.txt", ...SMALL, "--quiet", ...args);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

function result({ code, stdout, stderr }: Deno.CommandOutput): Result {
  const decoder = new TextDecoder();
  return { status: code, out: decoder.decode(stdout), error: decoder.decode(stderr) };
}

/** Asserts one line on standard error, nothing on standard output, and status 2. */
function assertRefused({ status, out, error }: Result, message: RegExp): void {
  assertMatch(error, /^error: [^\n]+\n$/);
  assertMatch(error, message);
  assertEquals({ status, out }, { status: 2, out: "" });
}

/** Runs the cases, four at a time. */
async function each<T>(cases: readonly T[], run: (value: T) => Promise<void>): Promise<void> {
  const rest = [...cases];
  const work = async () => {
    for (let value = rest.shift(); value !== undefined; value = rest.shift()) await run(value);
  };
  await Promise.all([work(), work(), work(), work()]);
}

Deno.test("--help lists every option", async () => {
  using folder = new Folder();
  const { status, out, error } = await folder.run("--help");
  assertEquals({ status, error }, { status: 0, error: "" });
  const options = "corpus cell hidden layers seconds steps epochs batch unroll learning-rate seed prompt length " +
    "temperature save load report quiet help";
  for (const option of options.split(" ")) assertMatch(out, new RegExp(`^  --${option}\\b`, "m"));
  for (const line of out.split("\n")) assert(line.length < 80, line);
});

Deno.test("a wrong option is one line of error", async () => {
  using folder = new Folder();
  const cases: [string, RegExp][] = [
    ["--depth 3", /unknown option --depth/],
    ["-x", /unknown option -x/],
    ["--toString=1", /unknown option --toString/],
    ["corpus.txt", /unexpected argument "corpus.txt"/],
    ["--quiet=yes", /--quiet takes no value/],
    ["--steps", /--steps needs a value/],
    ["--cell tree", /--cell must be rnn, gru or lstm, got "tree"/],
    ["--hidden 0", /--hidden must be an integer >= 1, got "0"/],
    ["--layers 101", /--layers must be an integer from 1 to 100, got "101"/],
    ["--batch 2.5", /--batch must be an integer >= 1, got "2.5"/],
    ["--unroll 0x10", /--unroll must be an integer >= 1, got "0x10"/],
    ["--learning-rate 0", /--learning-rate must be a number > 0, got "0"/],
    ["--seconds -1", /--seconds must be a number > 0, got "-1"/],
    ["--steps --quiet", /--steps must be an integer >= 1, got "--quiet"/],
    ["--epochs 1e400", /--epochs must be an integer >= 1, got "1e400"/],
    ["--seed 9007199254740992", /--seed must be an integer >= 0/],
    ["--temperature warm", /--temperature must be a number >= 0, got "warm"/],
    ["--length=", /--length must be an integer >= 0, got ""/],
    ["--steps 3 --seconds 3", /--seconds and --steps exclude each other/],
    ["--load model --cell gru", /--cell cannot change a loaded model/],
    ["--load model --hidden 8 --steps 1", /--hidden cannot change a loaded model/],
    ["--load model --layers 1 --steps 1", /--layers cannot change a loaded model/],
    ["--load model --corpus corpus.txt", /--corpus with --load is for training: give --seconds, --steps or --epochs/],
    ["--load model --report page.html", /--report with --load is for training/],
    ["--load model --save other", /--save with --load is for training/],
    ["--corpus corpus.txt --hidden 100000000", /Cannot plan the memory/],
  ];
  await each(cases, async ([args, message]) => assertRefused(await folder.run(...args.split(" ")), message));
});

Deno.test("a wrong file is one line of error before the training", async () => {
  using folder = new Folder();
  Deno.writeTextFileSync(folder.file("empty.txt"), "");
  Deno.writeTextFileSync(folder.file("short.txt"), "Call me Ishmael.");
  Deno.writeFileSync(folder.file("latin1.txt"), new Uint8Array(1000).fill(0xe9));
  Deno.writeTextFileSync(folder.file("greek.txt"), "μῆνιν ἄειδε θεὰ ".repeat(50));
  Deno.mkdirSync(folder.file("folder"));
  await folder.train("--save", "model");
  const files = folder.files;
  const cases: [string, RegExp][] = [
    ["--corpus missing.txt", /cannot read missing.txt: no such file/],
    ["--corpus folder", /cannot read folder: is a directory/],
    ["--corpus empty.txt", /empty.txt is too short: 0 characters/],
    ["--corpus short.txt", /short.txt is too short: 16 characters, --batch 20 needs at least 110/],
    ["--corpus corpus.txt --batch 5000", /corpus.txt is too short: \d+ characters, --batch 5000 needs at least 5557/],
    ["--corpus latin1.txt", /latin1.txt is not UTF-8 text/],
    ["--corpus corpus.txt --prompt Zoë", /--prompt has characters that the model does not know: "Z", "ë"\n/],
    ["--corpus corpus.txt --save missing/model", /cannot write missing\/model: there is no folder missing/],
    ["--corpus corpus.txt --report missing/page.html", /cannot write missing\/page.html: there is no folder missing/],
    ["--corpus corpus.txt --save folder", /cannot write folder: it is not a regular file/],
    ["--load missing", /cannot read missing: no such file/],
    ["--load corpus.txt", /corpus.txt: Cannot read safetensors/],
    ["--load model --prompt Zoë", /--prompt has characters that the model does not know: "Z", "ë"\n/],
    ["--load model --steps 1 --corpus greek.txt", /greek.txt has characters that the model does not know: .* and more/],
  ];
  await each(cases, async ([args, message]) => assertRefused(await folder.run(...args.split(" ")), message));
  assertEquals(folder.files, files);
});

Deno.test("--quiet prints only the validation and the text, and equal seeds print equal output", async () => {
  using folder = new Folder();
  const [first, again, other] = await Promise.all([
    folder.train("--prompt", "The "),
    folder.train("--prompt", "The "),
    folder.train("--prompt", "The ", "--seed", "2"),
  ]);
  assertEquals({ ...first, out: "" }, { status: 0, out: "", error: "" });
  assertMatch(first.out, VALIDATION);
  const text = first.out.replace(VALIDATION, "");
  assert(text.startsWith("The "));
  assertEquals(text.length, 4 + 30 + 1);
  assertEquals(again, first);
  assertNotEquals(other.out, first.out);
});

Deno.test("without a terminal the output is plain lines", async () => {
  using folder = new Folder();
  const { status, out } = await folder.run("--corpus", "corpus.txt", ...SMALL, "--save", "model");
  assertEquals(status, 0);
  const lines = out.split("\n");
  assertMatch(lines[0], /^corpus.txt: 1,800 characters, 22 different; 90 % to train on$/);
  assertMatch(lines[1], /^lstm, 1 layer of 8 units: [\d,]+ parameters$/);
  assertMatch(lines[2], /^3 steps of training, batch 4, unroll 25, learning rate 0.007$/);
  assertMatch(lines[4], /^step 1, 33%: loss \d\.\d{3}, .*, \d+:\d\d left$/);
  assertMatch(lines[5], /^3 steps in \d\.\d s: loss \d\.\d{3}, \d\.\d{3} bits per character, [\d,]+ characters\/s$/);
  assertEquals(lines[6], "saved: model");
  assertEquals(lines[7], "validation on 180 characters");
  assertMatch(lines[8] + "\n", VALIDATION);
  // deno-lint-ignore no-control-regex
  assertEquals(out.match(/[\0-\x09\x0b-\x1f]/), null);
});

Deno.test("a report describes the training and does not change it", async () => {
  using folder = new Folder();
  const [plain, reported] = await Promise.all([
    folder.train("--save", "plain"),
    folder.train("--save", "reported", "--report", "page.html"),
  ]);
  assertEquals(reported, plain);
  assertEquals(Deno.readFileSync(folder.file("reported")), Deno.readFileSync(folder.file("plain")));
  const page = Deno.readTextFileSync(folder.file("page.html"));
  for (const text of ["corpus.txt, 1,800 characters", "Perplexity", "after step 3", "at best", "norm 5", "lstm"]) {
    assert(page.includes(text), text);
  }
});

Deno.test("every cell learns and every budget ends", async () => {
  using folder = new Folder();
  const bits = async (...args: string[]) => {
    const { status, out, error } = await folder.run(
      ...["--corpus", "corpus.txt", "--hidden", "16", "--batch", "4", "--quiet", ...args],
    );
    assertEquals({ status, error }, { status: 0, error: "" });
    return Number(out.match(/^validation: (\S+)/)![1]);
  };
  const start = await bits("--steps", "1");
  await each(["rnn", "gru", "lstm"], async (cell) => {
    assert(await bits("--epochs", "20", "--layers", "1", "--cell", cell) < start - 1, cell);
  });
  assert(await bits("--seconds", "0.3", "--layers", "1") < start);
});

Deno.test("a saved model writes the same text and can continue its training", async () => {
  using folder = new Folder();
  const trained = await folder.train("--save", "model", "--cell", "gru", "--prompt", "The ");
  const before = Deno.readFileSync(folder.file("model"));
  const written = await folder.run("--load", "model", "--quiet", "--length", "30", "--prompt", "The ");
  assertEquals(written, { status: 0, out: trained.out.replace(VALIDATION, ""), error: "" });

  const further = ["--corpus", "corpus.txt", "--batch", "4", "--epochs", "20", "--quiet", "--save", "model"];
  const more = await folder.run("--load", "model", ...further);
  assertEquals({ ...more, out: "" }, { status: 0, out: "", error: "" });
  const bits = ({ out }: Result) => Number(out.match(/^validation: (\S+)/)![1]);
  assert(bits(more) < bits(trained) - 1);
  assertNotEquals(Deno.readFileSync(folder.file("model")), before);
  assertEquals(folder.files, ["corpus.txt", "model"]);
});

Deno.test("a text may have a byte order mark, line ends of Windows and characters of four bytes", async () => {
  using folder = new Folder();
  Deno.writeTextFileSync(folder.file("corpus.txt"), "\ufeff" + "🐋 sails\r\n🚢 swims\r\n".repeat(30));
  const { status, out, error } = await folder.train("--prompt", "🐋");
  assertEquals({ status, error }, { status: 0, error: "" });
  assertMatch(out, VALIDATION);
});

Deno.test({
  name: "after Ctrl-C the demo saves the model and writes a short text",
  // Windows ends a process that gets a signal.
  ignore: Deno.build.os === "windows",
  async fn() {
    using folder = new Folder();
    const command = folder.command("--corpus", "corpus.txt", "--hidden", "8", "--seconds", "60", "--save", "model");
    await using child = command.spawn();
    const pieces: string[] = [];
    let interrupted = false;
    for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
      pieces.push(piece);
      if (interrupted || !pieces.join("").includes("60 seconds of training")) continue;
      interrupted = true;
      child.kill("SIGINT");
      child.kill("SIGINT"); // as if a parent process repeats the signal of the process group
    }
    const error = await new Response(child.stderr).text();
    assertEquals({ status: (await child.status).code, error }, { status: 130, error: "" });
    const [end, text] = pieces.join("").split("\nsaved: model\n\n");
    assertMatch(end, /\d+ steps? in \d\.\d s: loss/);
    assertEquals(text.length, 200 + 1);
    assertEquals(folder.files, ["corpus.txt", "model"]);
    using model = await LanguageModel.load(Deno.readFileSync(folder.file("model")));
    assertEquals(model.vocabulary.size, new Set(TEXT).size);
  },
});
