import {
  adam,
  clipNorm,
  compile,
  crossEntropy,
  dense,
  embedding,
  gru,
  type Layer,
  lstm,
  oneHot,
  recurrent,
  sequential,
  type Session,
  sgd,
} from "../../mod.ts";
import { assertClose, type Case, type CaseTensors, readCases } from "../fixtures/read_cases.ts";

for (const test of readCases().filter((c) => c.kind === "training")) {
  for (const numerics of ["fast", "exact"] as const) {
    Deno.test(`PyTorch ${test.name}, ${numerics}: losses, norms and parameters of ${test.config.steps} steps`, async () => {
      await check(test, numerics);
    });
  }
}

async function check(test: Case, numerics: "fast" | "exact"): Promise<void> {
  const { config, tolerance } = test, tensors = test.tensors();
  const { batch: B, seq_len: T, steps } = config;
  using session = await compile(net(config), {
    batch: B,
    steps: T,
    numerics,
    loss: crossEntropy(),
    optimizer: optimizer(config),
    clip: clipNorm(config.clip_grad_norm),
  });
  setFrom(session, tensors);
  const tokens = tensors.ints("tokens");
  const losses: number[] = [], norms: number[] = [];
  for (let step = 0; step < steps; step++) {
    const at = step * (T + 1) * B;
    const { loss, gradientNorm } = session.step(
      { x: tokens.subarray(at, at + T * B), y: tokens.subarray(at + B, at + B + T * B) },
      { states: config.carry_state ? "carry" : "zero" },
    );
    losses.push(loss);
    norms.push(gradientNorm);
    if (step === 0) compare(session, tensors, "after1.", tolerance.after1);
  }
  assertClose(losses, tensors.floats("loss"), tolerance.loss, "loss");
  assertClose(norms, tensors.floats("grad_norm"), tolerance.grad_norm, "grad_norm");
  compare(session, tensors, "final.", tolerance.final);
}

function net({ mode, vocab, embedding_dim, hidden_size, num_layers }: Case["config"]): Layer {
  const cell = mode === "GRU" ? gru() : lstm();
  return sequential({
    embedding: embedding_dim === null ? oneHot(vocab) : embedding(vocab, embedding_dim),
    rnn: recurrent(cell, { input: embedding_dim ?? vocab, hidden: hidden_size, layers: num_layers }),
    decoder: dense(hidden_size, vocab),
  });
}

function optimizer({ optimizer, optimizer_options: { lr, momentum, betas, eps } }: Case["config"]) {
  return optimizer === "Adam" ? adam({ learningRate: lr, betas, epsilon: eps }) : sgd({ learningRate: lr, momentum });
}

function setFrom(session: Session, tensors: CaseTensors): void {
  const names = [...session.parameters().keys()];
  session.setParameters(
    new Map(names.map((name) => [name, { shape: tensors.shape(name), data: tensors.floats(name) }])),
  );
}

function compare(session: Session, tensors: CaseTensors, prefix: string, tolerance: { atol: number; rtol: number }) {
  for (const [name, { data }] of session.parameters()) {
    assertClose(data, tensors.floats(prefix + name), tolerance, prefix + name);
  }
}
