import { compile, lstm, recurrent } from "@unroll/rnn";

using session = await compile(recurrent(lstm(), { input: 128, hidden: 128 }), { batch: 1, steps: 1 });
session.stream().step(new Float32Array(128));
