import {
  atLeastZero,
  integer,
  oneOf,
  outputFile,
  positive,
  readOptions,
  text,
  UsageError,
  type Values,
} from "../frame/command_line.ts";

/** The text that --help prints. */
export const HELP = `Train a character-level language model on a text, then let it write new text.

Usage: deno task demo [options]

The text
  --corpus PATH      any UTF-8 text (default: Moby Dick);
                     its last tenth is kept for the validation

The net
  --cell NAME        rnn, gru or lstm (default lstm)
  --hidden N         units in each layer (default 128)
  --layers N         layers, from 1 to 100 (default 1)

The training
  --seconds N        train for N seconds (default 50);
                     drawing samples and the validation come on top
  --steps N          or for N steps
  --epochs N         or N times through the text
  --batch N          streams of text side by side (default 20)
  --unroll N         time steps of back-propagation through time (default 25)
  --learning-rate X  learning rate of Adam (default 0.007 for lstm, 0.005 for
                     gru, 0.003 for rnn, for short trainings of small nets)
  --seed N           seed of the first parameters and of the written text
                     (default 1)

The written text
  --prompt TEXT      its beginning (default: nothing)
  --length N         characters to write at the end (default 500)
  --temperature X    below 1 safer, above 1 wilder, 0 always the most probable
                     character (default 0.6)

Files
  --save FILE        save the trained model (safetensors)
  --load FILE        load a saved model: it only writes, or with --seconds,
                     --steps or --epochs its training continues

  --report FILE      a page about the training (HTML): losses, gradients,
                     weights and activations, samples

  --quiet            print only the validation and the written text
  --help             print this

Ctrl-C ends the training; the model is still saved and writes a short text.
A second Ctrl-C ends the program at once.

Exit status: 0; 1 after a failure; 2 for a wrong option or file;
130 after Ctrl-C.
`;

const PARSERS = {
  corpus: text,
  cell: oneOf("rnn", "gru", "lstm"),
  hidden: integer(1),
  layers: integer(1, 100),
  seconds: positive,
  steps: integer(1),
  epochs: integer(1),
  batch: integer(1),
  unroll: integer(1),
  "learning-rate": positive,
  seed: integer(0),
  prompt: text,
  length: integer(0),
  temperature: atLeastZero,
  save: outputFile,
  load: text,
  report: outputFile,
  quiet: "flag",
} as const;

type Parsed = Values<typeof PARSERS>;

/** The limit of a training. */
export type Budget = { seconds: number } | { steps: number } | { epochs: number };

/** The options with their defaults. */
export type Options = ReturnType<typeof withDefaults>;

/** The rates with the lowest loss after a minute: an LSTM's gates start slowly, a plain cell diverges easily. */
const LEARNING_RATES = { rnn: 0.003, gru: 0.005, lstm: 0.007 };

/** Reads the command line; `"help"` if it has `--help`. */
export function parseOptions(args: string[]): Options | "help" {
  const values = readOptions(args, PARSERS);
  if (values === "help") return "help";
  refuseContradictions(values);
  return withDefaults(values);
}

function withDefaults({ cell = "lstm", ...values }: Parsed) {
  return {
    hidden: 128,
    layers: 1,
    batch: 20,
    unroll: 25,
    seed: 1,
    prompt: "",
    length: 500,
    temperature: 0.6,
    quiet: false,
    ...values,
    cell,
    learningRate: values["learning-rate"] ?? LEARNING_RATES[cell],
    /** Undefined if nothing is trained: a loaded model only writes. */
    budget: budget(values),
  };
}

function budget({ seconds, steps, epochs, load }: Parsed): Budget | undefined {
  if (steps !== undefined) return { steps };
  if (epochs !== undefined) return { epochs };
  if (seconds !== undefined) return { seconds };
  return load === undefined ? { seconds: 50 } : undefined;
}

function refuseContradictions(values: Parsed): void {
  const budgets = (["seconds", "steps", "epochs"] as const).filter((name) => values[name] !== undefined);
  if (budgets.length > 1) throw new UsageError(`--${budgets[0]} and --${budgets[1]} exclude each other`);
  if (values.load === undefined) return;
  for (const name of ["cell", "hidden", "layers"] as const) {
    if (values[name] !== undefined) throw new UsageError(`--${name} cannot change a loaded model: leave it out`);
  }
  if (budgets.length > 0) return;
  for (const name of ["corpus", "batch", "unroll", "learning-rate", "save", "report"] as const) {
    if (values[name] === undefined) continue;
    throw new UsageError(`--${name} with --load is for training: give --seconds, --steps or --epochs too`);
  }
}
