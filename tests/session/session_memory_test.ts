import { assert, assertEquals } from "@std/assert";
import v8 from "node:v8";
import vm from "node:vm";
import { compile } from "../../mod.ts";
import { SMALL, smallData, smallNet } from "../support/session/small_net.ts";

v8.setFlagsFromString("--expose-gc");
const collectGarbage: () => void = vm.runInNewContext("gc");

/** Bytes that JavaScript holds, with those outside its heap that it owns, when nothing is left to collect. */
function bytesHeld(): number {
  collectGarbage();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

Deno.test("memory stays flat over 1,000 rounds of calls of changing size", async () => {
  using session = await compile(smallNet(), SMALL);
  const data = [1, 2, 3].flatMap((B) => [1, 2, 3, 4].map((T) => ({ ...smallData(T, B), batch: B })));
  const rounds = (n: number) => {
    for (let i = 0; i < n; i++) {
      const { batch, ...call } = data[i % data.length];
      session.step(call, { batch });
      session.evaluate(call, { batch });
      session.forward(call.x, { batch, states: session.states() });
      session.backward(new Float32Array(call.x.length * 11));
      session.gradients();
    }
  };
  rounds(2000); // until everything is compiled
  const { bytes } = session, before = bytesHeld();
  rounds(1000);
  const growth = bytesHeld() - before;
  assertEquals(session.bytes, bytes);
  // The engine's own tables move by up to 35,000 bytes, however many rounds (500 to 4,000) are counted. Keeping an
  // empty object of each of the 3 forward calls of a round shows as 190,000 bytes, keeping an array as 630,000.
  assert(growth < 65536, `grew by ${growth} bytes`);
});

Deno.test("a disposed session lets go of its memory", async () => {
  const { Memory } = WebAssembly, made: WeakRef<WebAssembly.Memory>[] = [];
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      made.push(new WeakRef(this));
    }
  };
  let session;
  try {
    session = await compile(smallNet(), SMALL);
  } finally {
    WebAssembly.Memory = Memory;
  }
  session.step(smallData(4, 3));
  await collected();
  assert(made.length === 1 && made[0].deref(), "the memory is in use");
  session[Symbol.dispose]();
  await collected();
  assertEquals(made[0].deref(), undefined);
  assert(session.bytes > 0, "the session itself is still there");
});

/** What a WeakRef has shown stays alive until the end of the turn of the event loop. */
async function collected(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  collectGarbage();
}
