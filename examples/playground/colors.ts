/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** Seven colours of Matplotlib's inferno, from dark to bright in equal perceived steps. */
const INFERNO = ["#000004", "#320a5e", "#781c6d", "#bc3754", "#ed6925", "#fbb61a", "#fcffa4"].map(parseColor);

/** The colour of inferno for a value from 0 to 1. */
export function inferno(value: number): Rgb {
  const position = Math.min(Math.max(value, 0), 1) * (INFERNO.length - 1);
  const i = Math.min(Math.floor(position), INFERNO.length - 2);
  return mixColors(INFERNO[i], INFERNO[i + 1], position - i);
}

/** The colour between a (share 0) and b (share 1). */
export function mixColors(a: Rgb, b: Rgb, share: number): Rgb {
  return [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), a[2] + share * (b[2] - a[2])];
}

/** The colour of a style variable, which depends on the light or dark theme. */
export function styleColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Parses `#rgb` or `#rrggbb`. */
export function parseColor(color: string): Rgb {
  const digits = color.slice(1);
  const hex = digits.length === 3 ? digits.replace(/./g, "$&$&") : digits;
  return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)) as unknown as Rgb;
}

/** Fills a canvas with one pixel for each element of a table. The style enlarges the canvas. */
export function paint(
  canvas: HTMLCanvasElement,
  rows: number,
  columns: number,
  color: (row: number, column: number) => Rgb,
) {
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(columns, rows);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      image.data.set(color(row, column), at);
      image.data[at + 3] = 255;
      at += 4;
    }
  }
  context.putImageData(image, 0, 0);
}

/** Calls back when the theme changes between light and dark. */
export function onThemeChange(change: () => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", change);
}
