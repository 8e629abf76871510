/** The library in realms of `node:vm` that lack what an engine may lack. */
import { assert, assertEquals } from "@std/assert";
import { createContext, runInContext } from "node:vm";
import { compile } from "../../mod.ts";
import { Builds } from "../../src/kernels/builds.ts";
import all from "../../src/kernels/generated/all.ts";
import { Bundle } from "../support/engines.ts";
import { streamedNet } from "../support/streamed_net.ts";
import { results } from "./program.ts";

/** Web APIs that a page and Node 20 have. */
const PLATFORM = {
  AbortSignal,
  atob,
  clearTimeout,
  MessageChannel,
  performance,
  setTimeout,
  TextDecoder,
  TextEncoder,
};

/** What came after Node 20 and WebKit 16.4, and `Symbol.dispose`, which WebKit does not have. */
const FORGET = `
  const old = Symbol, names = Object.getOwnPropertyNames(old).filter((name) => !/dispose|name|length|prototype/i.test(name));
  globalThis.Symbol = Object.assign((text) => old(text), Object.fromEntries(names.map((name) => [name, old[name]])));
  delete Map.groupBy, delete Object.groupBy, delete Promise.withResolvers, delete Promise.try, delete RegExp.escape;
  delete Array.fromAsync, delete Uint8Array.fromBase64, delete Uint8Array.prototype.toBase64, delete globalThis.Float16Array;
  if (globalThis.Iterator) for (const name of ["map", "filter", "take", "drop", "flatMap", "toArray", "find", "some"]) {
    delete Iterator.prototype[name];
  }
  for (const name of ["union", "intersection", "difference", "isSubsetOf"]) delete Set.prototype[name];`;

/** Runs a program as the body of a function in a new realm with these globals. */
async function inRealm(program: string, globals: Record<string, unknown>): Promise<void> {
  using bundle = await Bundle.of(new URL(program, import.meta.url));
  const context = createContext({ ...globals });
  runInContext(FORGET, context);
  assertEquals(runInContext("Symbol.dispose", context), undefined);
  await runInContext(`(async () => {${await Deno.readTextFile(bundle.path)}})()`, context);
}

Deno.test("a realm without Symbol.dispose and without newer functions trains, saves and runs, with the same bits", async () => {
  let printed = "";
  const console = { log: (text: string) => printed = text };
  await inRealm("console.ts", { ...PLATFORM, WebAssembly, console });
  const { threads, ...found } = JSON.parse(printed), { threads: _, ...want } = await results();
  assertEquals(threads, "1", "a realm without workers has one thread");
  assertEquals(found, want);
});

Deno.test("a realm without any Web API imports the library and runs a stream", async () => {
  const x = Float32Array.from({ length: 30 }, (_, i) => (i % 7) / 7);
  using session = await compile(streamedNet(), { batch: 1, steps: 30, numerics: "exact" });
  const kernels = await new Builds(all).exact();
  let found: readonly number[] = [];
  await inRealm("../support/programs/stream_alone.ts", {
    WebAssembly,
    kernels,
    tensors: session.parameters(),
    x,
    answer: (values: readonly number[]) => found = values,
  });
  assertEquals([...found], [...session.forward(x)]);
});

Deno.test("a realm without WebAssembly, or without SIMD, refuses in one sentence", async () => {
  using session = await compile(streamedNet(), { batch: 1, steps: 1 });
  for (const engine of [undefined, { ...WebAssembly, validate: () => false }]) {
    const error = await inRealm("../support/programs/stream_alone.ts", {
      WebAssembly: engine,
      tensors: session.parameters(),
    }).then(() => undefined, (error) => error);
    assertEquals(error?.name, "EngineError");
    assert(/^Cannot compute: this engine has no WebAssembly with SIMD; expected [\w., ]+$/.test(error.message));
  }
});

Deno.test("a host that forbids to compile bytes is named, with both ways out", async () => {
  using session = await compile(streamedNet(), { batch: 1, steps: 1 });
  const forbid = () => Promise.reject(new WebAssembly.CompileError("Wasm code generation disallowed by embedder"));
  const error = await inRealm("../support/programs/stream_alone.ts", {
    ...PLATFORM,
    WebAssembly: new Proxy(WebAssembly, {
      get: (own, name) => name === "compile" ? forbid : Reflect.get(own, name),
    }),
    tensors: session.parameters(),
  }).then(() => undefined, (error) => error);
  assertEquals(error?.name, "EngineError");
  for (const part of ["disallowed by embedder", '"kernels"', "'wasm-unsafe-eval'"]) {
    assert(error.message.includes(part));
  }
});
