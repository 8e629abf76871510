import { dense, gru, recurrent, sequential } from "@unroll/rnn/inference";

/** A sample in, a sample out. */
export const net = sequential({ rnn: recurrent(gru(), { input: 1, hidden: 8 }), output: dense(8, 1) });
