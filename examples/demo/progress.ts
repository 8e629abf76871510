// @ts-types="@types/cli-progress"
import cliProgress from "cli-progress";
import { stdout } from "node:process";
import { columns, isTerminal, print } from "./terminal.ts";
import type { Report } from "./training.ts";

/** Shows how far the work is. */
export interface Progress {
  /** A step of training is done. */
  step(report: Report): void;
  /** Lines that stay, between two steps. */
  print(lines: string): void;
  /** Wait for work that does not say how far it is. */
  wait<T>(what: string, work: Promise<T>): Promise<T>;
  /** The training is over. */
  end(): void;
}

/** A bar on a terminal, lines elsewhere, nothing when quiet. */
export function makeProgress(quiet: boolean): Progress {
  return quiet ? silence() : isTerminal ? bar() : lines();
}

/** Length of the bar. */
const SHORTEST = 6, LONGEST = 30;
/** Columns that stay free: "^C" is echoed there, and some terminals break a line that fills the last one. */
const MARGIN = 3;
/** Back to the start of the line, and empty it. */
const ERASE = "\r\x1b[K";

function bar(): Progress {
  const { Format, Presets, SingleBar } = cliProgress;
  const bar = new SingleBar({
    format: (options, { maxWidth }, report) =>
      drawLine(report, maxWidth, (barsize) => Format.BarFormat(report.fraction, { ...options, barsize })),
    stream: stdout,
    clearOnComplete: true,
    hideCursor: true,
    linewrap: true,
    fps: 5,
  }, Presets.shades_classic);
  // Brings the cursor back when a second Ctrl-C ends the process.
  addEventListener("unload", () => bar.stop());
  let last: Report | undefined;
  return {
    step(report) {
      if (last) bar.update(report.fraction, report);
      else bar.start(1, report.fraction, report);
      last = report;
    },
    print(lines) {
      bar.stop();
      print(lines + "\n");
      if (last) bar.start(1, last.fraction, last);
    },
    async wait(what, work) {
      const began = performance.now();
      const show = () => {
        const line = `${what} ... ${clock((performance.now() - began) / 1000)}`;
        print(ERASE + line.slice(0, columns() - MARGIN));
      };
      show();
      const timer = setInterval(show, 1000);
      try {
        return await work;
      } finally {
        clearInterval(timer);
        print(ERASE);
      }
    },
    end: () => bar.stop(),
  };
}

/** Bar and figures on one line. On a narrow terminal the last figures are left out. */
export function drawLine(report: Report, width: number, drawBar: (size: number) => string): string {
  const { fraction, loss, bitsPerToken, gradientNorm } = report;
  const figures = [
    percent(fraction).padStart(4),
    `loss ${loss.toFixed(3)}`,
    `${bitsPerToken.toFixed(3)} bits/char`,
    `norm ${gradientNorm.toFixed(2)}`,
    `${thousands(rate(report))} char/s`,
    `${clock(left(report))} left`,
  ];
  const room = () => width - MARGIN - figures.join("  ").length;
  while (figures.length > 1 && room() < SHORTEST) figures.pop();
  return drawBar(Math.max(0, Math.min(room(), LONGEST))) + figures.join("  ");
}

/** Milliseconds between two lines where there is no terminal. */
const PAUSE = 10_000;

function lines(): Progress {
  let last = performance.now();
  return {
    step(report) {
      if (performance.now() - last < PAUSE) return;
      last = performance.now();
      const { step, fraction, loss, bitsPerToken, gradientNorm } = report;
      print(
        `step ${step}, ${percent(fraction)}: loss ${loss.toFixed(3)}, ${bitsPerToken.toFixed(3)} bits per ` +
          `character, gradient norm ${gradientNorm.toFixed(2)}, ${thousands(rate(report))} characters/s, ` +
          `${clock(left(report))} left\n`,
      );
    },
    print: (lines) => print(lines + "\n"),
    wait(what, work) {
      print(what + "\n");
      return work;
    },
    end() {},
  };
}

function silence(): Progress {
  return { step() {}, print() {}, wait: (_, work) => work, end() {} };
}

/** Characters per second. */
function rate({ tokens, seconds }: Report): number {
  return tokens / seconds;
}

/** Seconds that are left, if it goes on as it went. */
function left({ fraction, seconds }: Report): number {
  return seconds / fraction - seconds;
}

function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)}%`;
}

/** 28,114 as 28.1k. */
function thousands(n: number): string {
  return n < 1000 ? n.toFixed(0) : `${(n / 1000).toFixed(1)}k`;
}

/** 75 seconds as 1:15. */
function clock(seconds: number): string {
  const total = Math.ceil(seconds), two = (n: number) => String(n % 60).padStart(2, "0");
  const minutes = Math.floor(total / 60), hours = Math.floor(minutes / 60);
  return hours ? `${hours}:${two(minutes)}:${two(total)}` : `${minutes}:${two(total)}`;
}
