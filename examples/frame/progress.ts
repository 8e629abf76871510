// @ts-types="@types/cli-progress"
import cliProgress from "cli-progress";
import { stdout } from "node:process";

/** What trainings of all kinds say of themselves. */
interface Event {
  readonly type?: string;
  readonly step: number;
  readonly loss?: number;
}

/** What is shown of a training. */
export interface ProgressOptions {
  /** What is being trained. */
  label: string;
  /** How long it may take, as its `fit` was told. */
  seconds: number;
  /** What to show of an event beside the losses, such as `{ accuracy: "0.91" }`. */
  figures?: (event: never) => Record<string, string> | undefined;
}

/** The bar on the terminal: there is one terminal, so there is one bar at a time. */
let shown: { stop(): void; start(): void } | undefined;

/** Print lines while a training is shown: the bar goes on below them. */
export function note(lines: string): void {
  shown?.stop();
  console.log(lines);
  shown?.start();
}

/** Milliseconds between two lines where there is no terminal. */
const PAUSE = 10_000;

/**
 * The events of a training, passed on as they come, with a bar on a terminal and a line every ten seconds elsewhere; at
 * the end a line that stays.
 */
export async function* progress<E extends Event>(
  events: AsyncIterable<E>,
  { label, seconds, figures }: ProgressOptions,
): AsyncGenerator<E, void, void> {
  const began = performance.now(), said: Record<string, string> = {};
  const elapsed = () => (performance.now() - began) / 1000, figure = (pair: string[]) => pair.join(" ");
  const line = (at: string) => `${label}: ${[at, ...Object.entries(said).map(figure)].join(", ")}`;
  const bar = stdout.isTTY ? newBar(label) : undefined;
  const place = (): [number, { figures: string }] => [
    Math.min(seconds, elapsed()),
    { figures: Object.entries(said).map(figure).join("  ") },
  ];
  if (bar) {
    shown = { stop: () => bar.stop(), start: () => bar.start(seconds, ...place()) };
    shown.start();
  }
  let step = 0, due = PAUSE;
  try {
    for await (const event of events) {
      ({ step } = event);
      if (event.loss !== undefined && event.type !== "epoch") {
        said[event.type === "evaluation" ? "validation" : "loss"] = event.loss.toFixed(3);
      }
      Object.assign(said, figures?.(event as never));
      bar?.update(...place());
      if (!bar && elapsed() * 1000 >= due) {
        due += PAUSE;
        console.log(line(`${elapsed().toFixed(0)} s`));
      }
      yield event;
    }
  } finally {
    bar?.stop();
    shown = undefined;
    console.log(line(`${step.toLocaleString("en-US")} steps in ${elapsed().toFixed(1)} s`));
  }
}

function newBar(label: string) {
  const { Presets, SingleBar } = cliProgress;
  const format = `${label} {bar} {percentage}%  {figures}  {eta_formatted} left`;
  const options = { format, stream: stdout, barsize: 24, clearOnComplete: true, fps: 5, etaBuffer: 50 };
  return new SingleBar(options, Presets.shades_classic);
}
