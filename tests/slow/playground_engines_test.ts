/** The playground in every browser that is installed here, also in one without `Symbol.dispose`. */
import { assert, assertEquals } from "@std/assert";
import { answer } from "../../examples/playground/server.ts";
import { type Browser, chromium, FIREFOX, openUntil, WEBKIT } from "../support/browsers.ts";
import { installed } from "../support/engines.ts";
import { playgroundFiles } from "../support/examples/playground.ts";

/** What the page shows after a training, a written text and a comparison of cells. */
interface Shown {
  errors: string[];
  first: number;
  last: number;
  samples: number;
  written: string;
  status: string;
  engine: string;
  map: number;
}

/** Runs in the page, as a user would. */
async function use(): Promise<Shown> {
  const errors: string[] = [];
  addEventListener("error", ({ message }) => errors.push(message));
  addEventListener("unhandledrejection", ({ reason }) => errors.push(String(reason)));
  const find = (id: string) => document.getElementById(id) as HTMLInputElement;
  const says = (id: string) => find(id).textContent!.trim();
  const set = (id: string, value: string) => {
    find(id).value = value;
    for (const type of ["input", "change"]) find(id).dispatchEvent(new Event(type));
  };
  const until = async (what: string, holds: () => boolean) => {
    for (const end = performance.now() + 20_000; !holds() && !errors.length;) {
      if (performance.now() > end) errors.push(`no ${what}`);
      for (const fault of document.querySelectorAll<HTMLElement>(".error:not([hidden])")) {
        if (fault.textContent && fault.id) errors.push(fault.textContent);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const samples = () => document.querySelectorAll("#samples li:not(.empty)").length;
  await until("text", () => says("text-facts").includes("distinct"));
  set("source", "tongueTwister");
  set("width", "48");
  find("train").click();
  await until("loss", () => Number(says("loss")) > 0);
  const first = Number(says("loss"));
  await until("learning", () => Number(says("loss")) < 0.6 * first && samples() > 1);
  const shown = { first, last: Number(says("loss")), samples: samples(), status: says("status") };
  find("train").click();
  set("length", "60");
  find("write-button").click();
  await until("written text", () => says("written").length > 50 && says("write-button") === "Write");
  set("flow-steps", "10");
  set("flow-width", "8");
  find("flow-button").click();
  const map = () => document.querySelectorAll<HTMLCanvasElement>("#maps canvas")[2].height;
  await until("comparison", () => map() > 3);
  find("flow-button").click();
  find("reset").click();
  return { ...shown, errors, written: says("written"), engine: says("engine"), map: map() };
}

const PROBE = `const found = await (${use})().catch((error) => ({ errors: [String(error)] }));
await fetch("/result", { method: "POST", body: JSON.stringify(found) });`;

const BROWSERS: Record<string, Browser> = { Chromium: chromium(), Firefox: FIREFOX, WebKitGTK: WEBKIT };
for (const [name, browser] of Object.entries(BROWSERS)) {
  const command = installed(...browser.commands);
  const missing = !command ? browser.commands[0] : browser.needsDisplay && !installed("xvfb-run") ? "xvfb-run" : "";
  for (const isolated of [true, false]) {
    Deno.test({
      name: `${missing ? "not tested: " : ""}the playground trains, writes and compares in ${name}, ` +
        (isolated ? "isolated" : "from a host without headers") + (missing ? `: there is no ${missing} here` : ""),
      ignore: missing !== "",
      async fn() {
        const encoder = new TextEncoder();
        const files = new Map(await playgroundFiles());
        const page = new TextDecoder().decode(files.get("index.html"));
        files.set(
          "index.html",
          encoder.encode(page.replace("</body>", `<script type="module" src="probe.js"></script>`)),
        );
        files.set("probe.js", encoder.encode(PROBE));
        const result = Promise.withResolvers<Shown>();
        await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
          if (request.method !== "POST") return answer(request, files, { isolated });
          result.resolve(await request.json());
          return new Response();
        });
        const url = `http://127.0.0.1:${server.addr.port}/`;
        const shown = await openUntil(browser, command!, url, result.promise);
        assertEquals(shown.errors, []);
        assert(shown.last < 0.6 * shown.first && shown.samples > 1 && shown.map > 3, JSON.stringify(shown));
        assert(shown.written.startsWith("she"), shown.written);
        const threads = shown.engine.match(/^Up to (\d+) threads/)?.[1];
        if (!isolated) assertEquals(threads, undefined);
        const count = Math.min(Number(threads ?? 1), 4);
        assertEquals(shown.status, `Training with ${count > 1 ? `${count} threads` : "one thread"}.`);
      },
    });
  }
}
