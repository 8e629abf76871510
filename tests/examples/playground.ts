/** The playground in Chromium, and what a user does there. */
import { assert } from "@std/assert";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { playground } from "../../examples/playground/build.ts";
import { serve, type ServeOptions } from "../../examples/playground/serve.ts";
import { installed } from "../engines.ts";

/** Where Chromium is, if it is anywhere. */
export const CHROMIUM = installed("chromium", "chromium-browser", "google-chrome");
/** What a test is called, and whether it runs. */
export function inBrowser(name: string): { name: string; ignore: boolean } {
  return CHROMIUM ? { name, ignore: false } : { name: `not tested: ${name}: there is no chromium here`, ignore: true };
}

const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** Far longer than anything on the page takes when the machine is idle. */
const PATIENCE = 60_000;

let files: ReturnType<typeof playground> | undefined;

/** The page in a browser of its own. Whatever it complains of, and every request that leaves it, is noted. */
export class Playground implements AsyncDisposable {
  readonly page: Page;
  /** Errors of the console and of the page, and requests to other origins. */
  readonly complaints: string[] = [];
  readonly #browser: Browser;
  readonly #server: Deno.HttpServer;

  static async open(options: BrowserContextOptions & Partial<ServeOptions> = {}): Promise<Playground> {
    const { isolated, path = "/", ...context } = options;
    const server = serve(await (files ??= playground()), { port: 0, isolated, path });
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
    const page = await (await browser.newContext({ acceptDownloads: true, ...context })).newPage();
    page.setDefaultTimeout(PATIENCE);
    const opened = new Playground(page, browser, server), origin = `http://127.0.0.1:${server.addr.port}`;
    opened.#listen(origin);
    await page.goto(`${origin}${path}`);
    await page.locator("#text-facts", { hasText: "distinct" }).waitFor();
    return opened;
  }

  private constructor(page: Page, browser: Browser, server: Deno.HttpServer) {
    this.page = page;
    this.#browser = browser;
    this.#server = server;
  }

  #listen(origin: string): void {
    this.page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.complaints.push(message.text());
    });
    this.page.on("pageerror", (error) => this.complaints.push(String(error)));
    this.page.context().on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(`${origin}/`) && !/^(blob|data):/.test(url)) this.complaints.push(`request: ${url}`);
    });
  }

  /** A small net on a small text, which learns within seconds. */
  async small(text = "tongueTwister"): Promise<void> {
    await this.page.selectOption("#source", text);
    await this.page.fill("#layers", "1");
    await this.page.fill("#width", "48");
    await this.page.fill("#batch", "16");
  }

  /** Characters that have a colour, and how many different ones there are. */
  async colored(): Promise<{ characters: number; colors: number }> {
    const colors = await this.page.locator("#coloured span:not(.empty)").evaluateAll((spans) =>
      spans.map((span) => getComputedStyle(span).backgroundColor).filter((color) => !/^rgba\(0, 0, 0, 0\)$/.test(color))
    );
    return { characters: colors.length, colors: new Set(colors).size };
  }

  /** What an element says. */
  async says(selector: string): Promise<string> {
    return (await this.page.textContent(selector) ?? "").trim();
  }

  /** The number that an element says. */
  async number(selector: string): Promise<number> {
    return Number((await this.says(selector)).replaceAll(",", ""));
  }

  /** Wait until something holds of the page. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (const end = performance.now() + PATIENCE; !(await holds());) {
      assert(performance.now() < end, `${what}: not within ${PATIENCE / 1000} s; complaints: ${this.complaints}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.#server.shutdown();
  }
}
