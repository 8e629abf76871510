/** What --help prints: the options with their defaults, as `options.ts` reads them. */
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
  --learning-rate X  of Adam; the default suits short trainings of small nets:
                     0.007 for lstm, 0.005 for gru, 0.003 for rnn
  --seed N           of the first parameters and of the writing (default 1)

The written text
  --prompt TEXT      what it begins with (default: nothing)
  --length N         characters to write at the end (default 500)
  --temperature X    below 1 bolder, above 1 wilder, 0 always the most probable
                     character (default 0.6)

Files
  --save FILE        keep the trained model (safetensors)
  --load FILE        take a saved model: without --seconds, --steps or --epochs
                     only write, with one of them go on training

  --report FILE      a page about the training (HTML): losses, gradients,
                     weights and activations, samples

  --quiet            print only the validation and the written text
  --help             print this

Ctrl-C ends the training; the model is still saved and a short text written.
A second Ctrl-C ends everything at once.

Exit status: 0; 1 if something failed; 2 for a bad option or file;
130 after Ctrl-C.
`;
