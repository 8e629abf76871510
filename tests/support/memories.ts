/** The WebAssembly memories made while `call` runs: the bytes of each at its end, and of all. */
export async function memoriesOf<Result>(
  call: () => PromiseLike<Result>,
): Promise<{ result: Result; sizes: number[]; bytes: number }> {
  const { Memory } = WebAssembly, made: WebAssembly.Memory[] = [];
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      made.push(this);
    }
  };
  try {
    const result = await call();
    const sizes = made.map(({ buffer }) => buffer.byteLength);
    return { result, sizes, bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
  } finally {
    WebAssembly.Memory = Memory;
  }
}
