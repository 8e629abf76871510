/** Colours as numbers, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** Inferno of Matplotlib at seven places: from dark to bright, in equal steps of what is seen. */
const INFERNO = ["#000004", "#320a5e", "#781c6d", "#bc3754", "#ed6925", "#fbb61a", "#fcffa4"].map(parsed);

/** The colour at a place from 0 to 1. */
export function inferno(place: number): Rgb {
  const at = Math.min(Math.max(place, 0), 1) * (INFERNO.length - 1), i = Math.min(Math.floor(at), INFERNO.length - 2);
  return mixed(INFERNO[i], INFERNO[i + 1], at - i);
}

/** Between two colours. */
export function mixed(a: Rgb, b: Rgb, share: number): Rgb {
  return [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), a[2] + share * (b[2] - a[2])];
}

/** A colour of the page's style, which is light or dark. */
export function styled(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** `#rgb` or `#rrggbb`. */
export function parsed(color: string): Rgb {
  const digits = color.slice(1), hex = digits.length === 3 ? digits.replace(/./g, "$&$&") : digits;
  return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)) as unknown as Rgb;
}

/** Fill a canvas with one pixel for each element of a table; the style makes it larger. */
export function paint(
  canvas: HTMLCanvasElement,
  rows: number,
  columns: number,
  color: (row: number, column: number) => Rgb,
) {
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d")!, image = context.createImageData(columns, rows);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      image.data.set(color(row, column), at);
      image.data[at + 3] = 255;
      at += 4;
    }
  }
  context.putImageData(image, 0, 0);
}

/** Call back when light turns to dark, or back. */
export function onThemeChange(change: () => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", change);
}
