/**
 * The names of the web platform that the declarations of the library mention, for programs whose `lib` has no "dom".
 * Where "dom" or @types/node is there, these add nothing to its interfaces.
 */
declare global {
  interface AbortSignal {}
  // deno-lint-ignore no-explicit-any
  interface ReadableStream<R = any> {}
  namespace WebAssembly {
    interface Memory {}
    interface Module {}
  }
}

export {};
