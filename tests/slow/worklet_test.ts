/** The example with an audio worklet, built and opened in a browser. */
import { assert } from "@std/assert";
import { fileURLToPath } from "node:url";
import { chromium as playwright } from "playwright-core";
import { chromium } from "../support/browsers.ts";
import { installed } from "../support/engines.ts";
import { run } from "../support/package/answers.ts";

const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));
const TYPES: Record<string, string> = { html: "text/html", js: "text/javascript", wasm: "application/wasm" };

const browser = installed(...chromium().commands);
Deno.test({
  name: browser
    ? "a net in an AudioWorklet gives the sound that it was trained to"
    : "not tested: there is no chromium here",
  ignore: !browser,
  async fn() {
    const folder = await Deno.makeTempDir();
    await run(
      Deno.execPath(),
      ["run", "-A", "--quiet", `--config=${EXAMPLES}deno.json`, "worklet/build.ts", folder],
      EXAMPLES,
    );
    await using server = Deno.serve({ port: 0, hostname: "localhost", onListen() {} }, async (request) => {
      const path = new URL(request.url).pathname.slice(1) || "index.html";
      const bytes = await Deno.readFile(`${folder}/${path}`).catch(() => undefined);
      const headers = { "content-type": TYPES[path.split(".").at(-1)!] ?? "" };
      return bytes ? new Response(bytes, { headers }) : new Response(null, { status: 404 });
    });
    const opened = await playwright.launch({ executablePath: browser, args: ["--no-sandbox"] });
    try {
      const page = await opened.newPage();
      await page.goto(`http://localhost:${server.addr.port}/`);
      const status = page.locator("#status");
      await status.filter({ hasText: "loudest" }).waitFor({ timeout: 60_000 });
      const loudest = Number((await status.textContent())!.match(/sample ([\d.]+)/)![1]);
      assert(loudest > 0.9 && loudest < 1.1, `${await status.textContent()}`);
    } finally {
      await opened.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
