import { assertMatch } from "@std/assert";
import { runExample } from "../support/examples/run_example.ts";

const SMALL = ["--seconds", "1", "--characters", "60000", "--hidden", "16", "--length", "20"];

Deno.test("the language model of characters trains, writes and prints the bits of n-grams", async () => {
  const text = await runExample("char_lm.ts", ...SMALL);
  assertMatch(text, /^54000 characters to train on, 6000 held out, \d+ different$/m);
  assertMatch(text, /^a trigram \(Kneser-Ney\): [23]\.\d{3} bits per character$/m);
  assertMatch(text, /^characters: [\d,]+ steps in \d+\.\d s, loss \d\.\d{3}/m);
  assertMatch(text, /^validation: [2-6]\.\d{3} bits per character\n\nThe whale[^]{20}\n$/m);
});

Deno.test("the language model of words prints bits per character with the unknown words spelled", async () => {
  const text = await runExample("word_lm.ts", ...SMALL);
  const figures = String.raw`perplexity [\d.]+, \d\.\d{3} bits per character, \d\.\d{3} with the unknown words spelled`;
  assertMatch(text, /^held out: 6000 characters or \d+ words and marks \(sequences \d\.\d times shorter\)$/m);
  assertMatch(text, /^\d+\.\d % of the words held out are unknown: \d\.\d{3} bits per character to spell$/m);
  assertMatch(text, new RegExp(`^a trigram \\(Kneser-Ney\\): ${figures}$`, "m"));
  assertMatch(text, new RegExp(`^validation: ${figures}\n\nThe whale`, "m"));
});

Deno.test("cells of equal size are compared in a table", async () => {
  const small = ["--seconds", "3", "--parameters", "5000", "--characters", "60000"];
  const text = await runExample("gru_or_lstm.ts", ...small);
  assertMatch(
    text,
    /^ +tanh RNN +GRU +LSTM\nunits( +\d+){3}\nparameters( +4,\d{3}){3}\nmemory to train( +\d\.\d MB){3}$/m,
  );
  assertMatch(text, /^held out, same time( +[2-6]\.\d{3}){3}$/m);
});
