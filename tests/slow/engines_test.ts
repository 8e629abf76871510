/** Browsers under a content security policy, and another processor. */
import { assert, assertEquals } from "@std/assert";
import { chromium, FIREFOX, inBrowser, ISOLATED, WEBKIT } from "../support/browsers.ts";
import { Bundle, installed, output } from "../support/engines.ts";

const PROGRAM = new URL("../support/programs/two_threads.ts", import.meta.url);
const CONFIG = new URL("../deno.json", import.meta.url).pathname;
const MATRIX = new URL("../engines/main.ts", import.meta.url).pathname;

const WASM = "script-src 'self' 'wasm-unsafe-eval'";

/** What each policy makes of one thread and of two. */
const POLICIES: Record<string, readonly [one: RegExp, two: RegExp]> = {
  "script-src 'self'": [/^EngineError: .*'wasm-unsafe-eval'/, /^EngineError: .*'wasm-unsafe-eval'/],
  [WASM]: [/^1$/, /^(ThreadError: .*worker-src blob:|1$)/],
  [`${WASM}; worker-src 'self' blob:`]: [/^1$/, /^[12]$/],
};

for (const [name, browser] of Object.entries({ Chromium: chromium(), Firefox: FIREFOX, WebKitGTK: WEBKIT })) {
  const command = installed(...browser.commands), isHere = command && (!browser.needsDisplay || installed("xvfb-run"));
  Deno.test({
    name: isHere ? `${name} names what a content security policy forbids` : `not tested: there is no ${name} here`,
    ignore: !isHere,
    async fn() {
      using bundle = await Bundle.of(PROGRAM);
      for (const [policy, wanted] of Object.entries(POLICIES)) {
        const headers = { ...ISOLATED, "content-security-policy": policy };
        const found = JSON.parse(await inBrowser(browser, command!, bundle, { where: "worker", headers }));
        for (const [i, want] of wanted.entries()) assert(want.test(found[i]), `${policy}: ${found[i]}`);
      }
    },
  });
}

const qemu = installed("qemu-aarch64-static", "qemu-aarch64");
Deno.test({
  name: qemu ? "the exact bits of arm64 are those of this machine" : "not tested: there is no qemu-aarch64 here",
  ignore: !qemu,
  async fn() {
    const table = await output(Deno.execPath(), ["run", "-A", "--no-check", `--config=${CONFIG}`, MATRIX, "arm64"]);
    assertEquals(table.match(/arm64 +\| 21 parts equal/g)?.length, 2, table);
  },
});
