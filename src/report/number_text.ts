/** A number for people, three digits of it: 0.0123, 1.6, 7,652, 1.2e-9. */
export function said(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e7) return value.toExponential(1).replace("e+", "e").replace(".0e", "e");
  if (Number.isInteger(value) || size >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

/** A share of 1 as 12 % or 0.3 %. */
export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}

/** Seconds as 0.4 s, 41 s, 12 min 5 s, 3 h 20 min. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const s = Math.round(seconds), m = Math.floor(s / 60), h = Math.floor(m / 60);
  return h ? `${h} h ${m % 60} min` : m ? `${m} min ${s % 60} s` : `${s} s`;
}

/** Whether positive numbers differ so much that only a logarithmic scale shows them all. */
export function spread(values: readonly number[]): boolean {
  let low = Infinity, high = 0;
  for (const value of values) {
    if (value <= 0) return false;
    low = Math.min(low, value), high = Math.max(high, value);
  }
  return high > 30 * low;
}

/** A number of steps at an axis: 200, 7,500, 150k, 2M. */
export function steps(value: number): string {
  return value >= 1e6 ? `${said(value / 1e6)}M` : value >= 1e5 ? `${said(value / 1e3)}k` : said(value);
}

/** Powers of 10 for a logarithmic axis, some five; where there are not two of them, a number of ticks. */
export function powers(low: number, high: number): number | number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
  if (!(last > first)) return 5;
  const every = Math.ceil((last - first) / 6);
  return Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, i) => 10 ** (first + i * every));
}

/** What is said of several trainings, a line each. */
export function lines(texts: readonly string[]): string {
  return texts.join("\n");
}
