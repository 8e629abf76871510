/** The library from a URL, as from any static host: no package manager, no configuration, one import. */
import { join } from "node:path";
import { assertAnswers, run } from "../support/package/answers.ts";

const ROOT = new URL("../../", import.meta.url);
const ENTRIES = { "@unroll/rnn/check": "check.ts", "@unroll/rnn/inference": "inference.ts", "@unroll/rnn": "mod.ts" };

/** Serves the sources: TypeScript with its MIME type, and nothing else. */
function serve(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const path = new URL(request.url).pathname.slice(1);
    if (!/^([a-z]+|src\/[a-z0-9_/]+)\.ts$/.test(path)) return new Response(null, { status: 404 });
    const text = await Deno.readTextFile(new URL(path, ROOT)).catch(() => undefined);
    if (text === undefined) return new Response(null, { status: 404 });
    return new Response(text, { headers: { "content-type": "application/typescript" } });
  });
}

Deno.test("a user's program imports the library from a URL and needs no permission but that", async () => {
  await using server = serve();
  const folder = await Deno.makeTempDir(), host = `127.0.0.1:${server.addr.port}`;
  try {
    let program = await Deno.readTextFile(new URL("../support/programs/user.ts", import.meta.url));
    for (const [name, file] of Object.entries(ENTRIES)) {
      program = program.replaceAll(`"${name}"`, `"http://${host}/${file}"`);
    }
    await Deno.writeTextFile(join(folder, "user.ts"), program);
    const args = ["run", "--no-prompt", "--no-config", "--no-lock", "--check", `--allow-import=${host}`, "user.ts"];
    assertAnswers(await run(Deno.execPath(), args, folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
