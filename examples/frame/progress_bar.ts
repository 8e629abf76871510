// @ts-types="@types/cli-progress"
import type cliProgress from "cli-progress";
import { stdout } from "node:process";
import { importLater } from "./packages.ts";
import { columns, isTerminal, print } from "./terminal.ts";

/** The state of a training, as a person sees it. */
export interface Status {
  /** The completed part of the training, 0 to 1. */
  readonly fraction: number;
  /** Expected seconds to the end. */
  readonly left: number;
  /** Figures behind the bar, the most important first. A narrow terminal shows only the first ones. */
  readonly figures: readonly string[];
  /** The state as one line, for output that is no terminal. */
  readonly line: string;
}

/** Shows the state of some work. */
export interface Progress {
  update(status: Status): void;
  /** Prints lines that stay, between two updates. */
  note(lines: string): void;
  /** Shows that work of unknown length is running. */
  wait<T>(what: string, work: Promise<T>): Promise<T>;
  /** Removes the bar. */
  end(): void;
}

export interface ProgressOptions {
  /** Text before the bar. */
  readonly label?: string;
  /** Shows nothing. @default false */
  readonly quiet?: boolean;
  /** Hides the cursor until `end` or the `unload` event, which needs a handler of Ctrl-C. @default false */
  readonly hideCursor?: boolean;
}

/** A bar on a terminal, lines elsewhere. */
export async function openProgress(
  { label = "", quiet = false, hideCursor = false }: ProgressOptions,
): Promise<Progress> {
  if (quiet) return { update() {}, note() {}, wait: (_, work) => work, end() {} };
  return isTerminal ? await bar(label, hideCursor) : lines();
}

/** Lengths of the bar in characters. */
const SHORTEST = 6;
const LONGEST = 30;
/** Free columns: the terminal echoes "^C" there, and some terminals break a line that fills the last column. */
const MARGIN = 3;
/** Control sequence that clears the current line. */
const CLEAR_LINE = "\r\x1b[K";

async function bar(label: string, hideCursor: boolean): Promise<Progress> {
  const module = await importLater<{ default: typeof cliProgress }>("cli-progress");
  const { Format, Presets, SingleBar } = module.default;
  const bar = new SingleBar({
    format: (options, { maxWidth }, status) =>
      drawLine(label, status, maxWidth, (barsize) => Format.BarFormat(status.fraction, { ...options, barsize })),
    stream: stdout,
    clearOnComplete: true,
    hideCursor,
    linewrap: true,
    fps: 5,
  }, Presets.shades_classic);
  addEventListener("unload", () => bar.stop());
  let last: Status | undefined;
  return {
    update(status) {
      if (last) bar.update(status.fraction, status);
      else bar.start(1, status.fraction, status);
      last = status;
    },
    note(lines) {
      bar.stop();
      print(lines + "\n");
      if (last) bar.start(1, last.fraction, last);
    },
    async wait(what, work) {
      const began = performance.now();
      const show = () => {
        const line = `${what} ... ${clock((performance.now() - began) / 1000)}`;
        print(CLEAR_LINE + line.slice(0, columns() - MARGIN));
      };
      show();
      const timer = setInterval(show, 1000);
      try {
        return await work;
      } finally {
        clearInterval(timer);
        print(CLEAR_LINE);
      }
    },
    end: () => bar.stop(),
  };
}

/** The label, the bar and the figures on one line of at most `width` characters. */
export function drawLine(
  label: string,
  { fraction, left, figures }: Status,
  width: number,
  drawBar: (size: number) => string,
): string {
  const before = label && `${label} `;
  const after = [percent(fraction).padStart(4), ...figures, `${clock(left)} left`];
  const room = () => width - MARGIN - before.length - after.join("  ").length;
  while (after.length > 1 && room() < SHORTEST) after.pop();
  return before + drawBar(Math.max(0, Math.min(room(), LONGEST))) + after.join("  ");
}

/** Milliseconds between two lines of output that is no terminal. */
const PAUSE = 10_000;

function lines(): Progress {
  let last = -Infinity;
  return {
    update({ line }) {
      if (performance.now() - last < PAUSE) return;
      last = performance.now();
      print(line + "\n");
    },
    note: (lines) => print(lines + "\n"),
    wait(what, work) {
      print(what + "\n");
      return work;
    },
    end() {},
  };
}

/** 0.256 as 25%. */
export function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)}%`;
}

/** 75 seconds as 1:15. */
export function clock(seconds: number): string {
  const total = Math.ceil(seconds);
  const minutes = Math.floor(total / 60);
  const hours = Math.floor(minutes / 60);
  const two = (n: number) => String(n % 60).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(total)}` : `${minutes}:${two(total)}`;
}
