/** Runs examples of one to one, many to one, many to many and forecasting for a second on a small part of the data. */
import { assert, assertMatch } from "@std/assert";

const EXAMPLES: Record<string, { args: string[]; figures: RegExp[] }> = {
  spam: {
    args: ["--mails", "300", "--characters", "200"],
    figures: [
      /naive Bayes: [\d.]+ % right/,
      /GRU: +[\d.]+ % right, F1 of spam [\d.]+;/,
      /free money\.": (sp|h)am, [\d.]+ %/,
    ],
  },
  truecase: {
    args: ["--words", "5000", "--hidden", "16", "--read", "call me ishmael"],
    figures: [
      /most frequent form +[\d.]+ % +[\d.]+ %/,
      /GRU, forward only +[\d.]+ %/,
      /GRU, both directions +[\d.]+ %/,
      /both directions: \w+\W+\w+\W+\w+/,
    ],
  },
  births: {
    args: ["--from", "2010", "--hidden", "8"],
    figures: [/a week before +438/, /a year before +353/, /LSTM +\d+, \d+ %/],
  },
  why_recurrent: {
    args: ["--names", "400", "--hidden", "8"],
    figures: [
      /first 6 letters +[\d.]+ % +[\d.]+ %/,
      /last 6 letters +[\d.]+ %/,
      /recurrent net, all letters +[\d.]+ % +[\d.]+ %/,
    ],
  },
};

for (const [name, { args, figures }] of Object.entries(EXAMPLES)) {
  Deno.test(`examples/${name}.ts prints its figures`, async () => {
    const path = new URL(`../../examples/${name}.ts`, import.meta.url).pathname;
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", path, "--seconds", "1", ...args],
      env: { NO_COLOR: "1" },
    });
    const { code, stdout, stderr } = await command.output(), decoder = new TextDecoder();
    const printed = decoder.decode(stdout);
    assert(code === 0, decoder.decode(stderr));
    for (const figure of figures) assertMatch(printed, figure);
    assert(!printed.includes("NaN"), printed);
  });
}
