import { openProgress, type Progress } from "./progress_bar.ts";
import { print } from "./terminal.ts";

/** The part that the events of all trainings have in common. */
interface Event {
  readonly type?: string;
  readonly step: number;
  readonly loss?: number;
}

export interface TrainingOptions {
  /** Name of the training. */
  label: string;
  /** The training's limit of time, as its `fit` has it. */
  seconds: number;
  /** Figures of an event beside the losses, such as `{ accuracy: "0.91" }`. */
  figures?: (event: never) => Record<string, string> | undefined;
}

/** The progress on the terminal: one at a time. */
let current: Progress | undefined;

/** Prints lines above the bar of the current training. */
export function note(lines: string): void {
  if (current) current.note(lines);
  else print(lines + "\n");
}

/** Passes on the events of a training and shows its progress. The last line, with the last figures, stays. */
export async function* progress<E extends Event>(
  events: AsyncIterable<E>,
  { label, seconds, figures }: TrainingOptions,
): AsyncGenerator<E, void, void> {
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  const shown: Record<string, string> = {};
  const pairs = () => Object.entries(shown).map((pair) => pair.join(" "));
  const line = (when: string) => `${label}: ${[when, ...pairs()].join(", ")}`;
  const status = () => ({
    fraction: Math.min(1, elapsed() / seconds),
    left: Math.max(0, seconds - elapsed()),
    figures: pairs(),
    line: line(`${elapsed().toFixed(0)} s`),
  });
  let step = 0;
  current = await openProgress({ label });
  current.update(status());
  try {
    for await (const event of events) {
      ({ step } = event);
      if (event.loss !== undefined && event.type !== "epoch") {
        shown[event.type === "evaluation" ? "validation" : "loss"] = event.loss.toFixed(3);
      }
      Object.assign(shown, figures?.(event as never));
      current.update(status());
      yield event;
    }
  } finally {
    current.end();
    current = undefined;
    print(line(`${step.toLocaleString("en-US")} steps in ${elapsed().toFixed(1)} s`) + "\n");
  }
}
