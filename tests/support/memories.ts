/** The most bytes that WebAssembly memories made while `call` runs have at their end. */
export async function memoriesOf<Result>(
  call: () => PromiseLike<Result>,
): Promise<{ result: Result; bytes: number }> {
  const { Memory } = WebAssembly, made: WebAssembly.Memory[] = [];
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      made.push(this);
    }
  };
  try {
    const result = await call();
    return { result, bytes: made.reduce((sum, { buffer }) => sum + buffer.byteLength, 0) };
  } finally {
    WebAssembly.Memory = Memory;
  }
}
