/** A matrix, the sums or the scratch of a kernel call. */
export interface Region {
  name: string;
  kind: "f32" | "i32" | "f64" | "scratch";
  /** Address in bytes. */
  address: number;
  rows: number;
  columns: number;
  /** Row stride in elements. */
  stride: number;
}

/** Places and fills the matrices of one kernel call. Every method returns an address. */
export class Space {
  readonly regions: Region[] = [];
  #next: number;

  /**
   * @param words The memory, as integers.
   * @param first Address of the first matrix.
   * @param last The number of the matrix that lies against the end of the memory.
   * @param numbers Random numbers in [-1, 1).
   * @param offset Index of the first random number.
   */
  constructor(
    readonly words: Int32Array<ArrayBuffer>,
    first: number,
    readonly last: number,
    readonly numbers: Float32Array,
    private offset: number,
  ) {
    this.#next = first;
  }

  /** A matrix of random numbers in [-scale, scale). */
  random(rows: number, columns: number, stride = columns, scale = 1): number {
    const { numbers } = this;
    return this.floats(rows, columns, stride, () => scale * numbers[this.offset++ % numbers.length]);
  }

  /** A matrix of NaN. */
  output(rows: number, columns: number, stride = columns): number {
    return this.floats(rows, columns, stride, () => NaN);
  }

  /** A row of given numbers. */
  values(values: ArrayLike<number>): number {
    return this.floats(1, values.length, values.length, (_, j) => values[j]);
  }

  /** A row of given integers. */
  ints(values: ArrayLike<number>): number {
    const address = this.#place("i32", 1, values.length, values.length, 4);
    this.words.set(values, address / 4);
    return address;
  }

  /** A row of given doubles. */
  doubles(values: ArrayLike<number>): number {
    const address = this.#place("f64", 1, values.length, values.length, 8);
    new Float64Array(this.words.buffer, address, values.length).set(values);
    return address;
  }

  /** `length` floats that a kernel may leave in any state. */
  scratch(length: number): number {
    return this.#place("scratch", 1, length, length, 4);
  }

  floats(rows: number, columns: number, stride: number, of: (i: number, j: number) => number): number {
    const address = this.#place("f32", rows, columns, stride, 4);
    const floats = new Float32Array(this.words.buffer);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) floats[address / 4 + i * stride + j] = of(i, j);
    }
    return address;
  }

  toString(): string {
    return this.regions.map((r) => `${r.name} [${r.rows}, ${r.columns}] at ${r.address}`).join(", ");
  }

  #place(kind: Region["kind"], rows: number, columns: number, stride: number, unit: number): number {
    const number = this.regions.length;
    const bytes = ((rows - 1) * stride + columns) * unit;
    const end = this.words.byteLength;
    let address = end - bytes;
    if (number !== this.last) {
      // Doubles lie 8 bytes behind a multiple of 16, floats 4, 8 or 12; at least four canaries lie between matrices.
      address = Math.ceil(this.#next / 16) * 16 + 16 + (unit === 8 ? 8 : 4 + 4 * (number % 3));
      this.#next = address + bytes;
    }
    if (this.#next > end - 16) throw new RangeError(`the test needs a memory of more than ${end} bytes`);
    this.regions.push({ name: `#${number}`, kind, address, rows, columns, stride });
    return address;
  }
}
