import { assert, assertEquals, assertRejects } from "@std/assert";
import { fileURLToPath } from "node:url";
import { compile, PlanError } from "../../mod.ts";
import { planTraining } from "../../src/session/plan_training.ts";
import { SMALL, smallData, smallNet } from "../support/session/small_net.ts";

const LIMIT = 2 ** 31;

/** What happens while every WebAssembly memory is made by `make`. */
async function withMemories<T>(make: (size: WebAssembly.MemoryDescriptor) => void, work: () => Promise<T>): Promise<T> {
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class extends Memory {
    constructor(size: WebAssembly.MemoryDescriptor) {
      make(size);
      super(size);
    }
  };
  try {
    return await work();
  } finally {
    WebAssembly.Memory = Memory;
  }
}

Deno.test("a plan of more than 2 GiB is refused before anything is allocated; net and other sessions go on", async () => {
  const net = smallNet(), steps = 1e7;
  let made = 0;
  using session = await compile(net, SMALL);
  using other = await compile(net, SMALL);
  const want = other.step(smallData(4, 3));
  const before = Deno.memoryUsage();
  const error = await withMemories(() => made++, () => refusal(() => compile(net, { ...SMALL, steps })));
  const after = Deno.memoryUsage();
  assert(after.external + after.heapTotal < before.external + before.heapTotal + 2e7, "something large was allocated");
  assertEquals([made, error.limit], [0, LIMIT]);
  assert(error.bytes > LIMIT);
  assertEquals(
    error.message,
    `Cannot plan the memory of this net: batch 3 and steps ${steps} need ${error.bytes} bytes, the limit is ${LIMIT}`,
  );
  assertEquals(session.step(smallData(4, 3)), want);
  using smaller = await compile(net, SMALL);
  assertEquals(smaller.step(smallData(4, 3)), want);
});

Deno.test("a memory that the engine refuses is a PlanError with the bytes; net and other sessions go on", async () => {
  const net = smallNet(), { bytes } = planTraining(net, SMALL);
  using session = await compile(net, SMALL);
  const refuse = () => {
    throw new RangeError("WebAssembly.Memory(): could not allocate memory");
  };
  const error = await withMemories(refuse, () => refusal(() => compile(net, SMALL)));
  assertEquals([error.bytes, error.limit], [bytes, LIMIT]);
  assert(error.message.includes(`${bytes} bytes`) && error.message.includes(`${LIMIT}`), error.message);
  using later = await compile(net, SMALL);
  assertEquals(later.step(smallData(4, 3)), session.step(smallData(4, 3)));
});

Deno.test("another fault of the engine stays what it is", async () => {
  const refuse = () => {
    throw new TypeError("no such thing");
  };
  await withMemories(refuse, () => assertRejects(() => compile(smallNet(), SMALL), TypeError, "no such thing"));
});

/** What the shell lets a process have: enough for Deno, which reserves much, and a few sessions. In KiB. */
const ADDRESS_SPACE = 60_000_000;

Deno.test({
  name: "where the system has no more memory, the session that is one too many is refused, and the others go on",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const script = fileURLToPath(new URL("../support/programs/out_of_memory.ts", import.meta.url));
    const command = `ulimit -v ${ADDRESS_SPACE}; exec "${Deno.execPath()}" run -A --no-check --quiet "${script}"`;
    const { stdout, stderr } = await new Deno.Command("sh", { args: ["-c", command] }).output();
    const output = new TextDecoder().decode(stdout);
    assert(output, new TextDecoder().decode(stderr));
    const { sessions, isPlanError, need, message, works } = JSON.parse(output);
    assert(sessions > 1 && isPlanError && works, output);
    assert(Math.abs(Number(message.match(/memory of (\d+) bytes/)[1]) - need) < 65536, output);
  },
});

async function refusal(work: () => Promise<unknown>): Promise<PlanError> {
  return await assertRejects(work, PlanError) as PlanError;
}
