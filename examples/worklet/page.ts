/** Trains a net to distort sound, y(t) = tanh(3 x(t)), then plays a tone through the net on an audio thread. */
import { adam, compile, Generator, squaredError } from "@unroll/rnn";
import { net } from "./net.ts";
import type { NetOptions } from "./processor.ts";

const T = 64, B = 32, STEPS = 600;

/** The parameters after a second of training, and the error. */
async function train(): Promise<{ parameters: NetOptions["parameters"]; loss: number }> {
  const session = await compile(net, {
    batch: B,
    steps: T,
    loss: squaredError(),
    optimizer: adam({ learningRate: 0.01 }),
  });
  const random = new Generator(1);
  let loss = Infinity;
  for (let step = 0; step < STEPS; step++) {
    const tones = Array.from({ length: B }, () => ({
      amplitude: random.uniform(),
      phase: 7 * random.uniform(),
      advance: 0.01 + 0.2 * random.uniform(),
    }));
    const x = Float32Array.from({ length: T * B }, (_, i) => {
      const { amplitude, phase, advance } = tones[i % B];
      return amplitude * Math.sin(phase + advance * Math.floor(i / B));
    });
    loss = session.step({ x, y: x.map((value) => Math.tanh(3 * value)) }).loss;
    if (step % 20 === 0) await new Promise((resolve) => setTimeout(resolve)); // the page stays alive
  }
  const parameters = session.parameters();
  session.dispose();
  return { parameters, loss };
}

/** A tone through the net, into the output of an audio context. */
async function play(context: BaseAudioContext, parameters: NetOptions["parameters"]): Promise<void> {
  await context.audioWorklet.addModule("processor.js");
  const kernels = await WebAssembly.compileStreaming(fetch("inference_fast.wasm"));
  const node = new AudioWorkletNode(context, "net", { processorOptions: { kernels, parameters } });
  await new Promise((resolve) => node.port.onmessage = resolve);
  const tone = new OscillatorNode(context, { frequency: 220 });
  tone.connect(node).connect(context.destination);
  tone.start();
}

const { parameters, loss } = await train();

// The same without a loudspeaker: a second of sound, compared with tanh(3 x).
const offline = new OfflineAudioContext(1, 48_000, 48_000);
await play(offline, parameters);
const samples = (await offline.startRendering()).getChannelData(0);
const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
const status = document.querySelector("#status")!;
status.textContent = `error of the training ${loss.toExponential(1)}; loudest sample ${
  loudest.toFixed(3)
}, tanh(3) 0.995`;

document.querySelector("#play")!.addEventListener("click", () => play(new AudioContext(), parameters));
