/** The playground in Chromium, and the actions of a user. */
import { assert } from "@std/assert";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { fileURLToPath } from "node:url";
import { serve, type ServeOptions } from "../../../examples/playground/server.ts";
import { installed } from "../engines.ts";

/** Path of an installed Chromium. */
export const CHROMIUM = installed("chromium", "chromium-browser", "google-chrome");
/** Name of a test in the browser. Without Chromium the test is ignored. */
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
/** Milliseconds: far longer than any action on an idle machine. */
const PATIENCE = 60_000;

type Files = Map<string, Uint8Array<ArrayBuffer>>;

let built: Promise<Files> | undefined;

/** The files of the playground, made once for all tests of a file. */
export function playgroundFiles(): Promise<Files> {
  return built ??= build();
}

async function build(): Promise<Files> {
  const folder = await Deno.makeTempDir();
  try {
    const program = fileURLToPath(new URL("../../../examples/playground/build.ts", import.meta.url));
    const args = ["run", "-A", "--quiet", "--no-check", program, folder];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    assert(success, new TextDecoder().decode(stderr));
    // The playground has no folders.
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    return new Map(
      await Promise.all(names.map(async (name) => [name, await Deno.readFile(`${folder}/${name}`)] as const)),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The page in its own browser. Records errors and requests to other origins. */
export class Playground implements AsyncDisposable {
  readonly page: Page;
  /** Errors of the console and of the page, and requests to other origins. */
  readonly complaints: string[] = [];
  readonly #browser: Browser;
  readonly #server: Deno.HttpServer;

  static async open(options: BrowserContextOptions & Partial<ServeOptions> = {}): Promise<Playground> {
    const { isolated, path = "/", ...context } = options;
    const server = serve(await playgroundFiles(), { port: 0, isolated, path });
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

  /** Chooses a small text and a small net, which learns within seconds. */
  async small(text = "tongueTwister"): Promise<void> {
    await this.page.selectOption("#source", text);
    await this.page.fill("#layers", "1");
    await this.page.fill("#width", "48");
    await this.page.fill("#batch", "16");
  }

  /** Numbers of coloured characters and of different colours. */
  async colored(): Promise<{ characters: number; colors: number }> {
    const colors = await this.page.locator("#coloured span:not(.empty)").evaluateAll((spans) =>
      spans.map((span) => getComputedStyle(span).backgroundColor).filter((color) => !/^rgba\(0, 0, 0, 0\)$/.test(color))
    );
    return { characters: colors.length, colors: new Set(colors).size };
  }

  /** The text of an element. */
  async says(selector: string): Promise<string> {
    return (await this.page.textContent(selector) ?? "").trim();
  }

  /** The number in an element. */
  async number(selector: string): Promise<number> {
    return Number((await this.says(selector)).replaceAll(",", ""));
  }

  /** Asserts that elements are to be seen whole without scrolling. */
  async onFirstScreen(...selectors: string[]): Promise<void> {
    const { page } = this;
    const { width, height } = page.viewportSize()!;
    await page.evaluate(() => scrollTo(0, 0));
    for (const selector of selectors) {
      const box = (await page.locator(selector).boundingBox())!;
      const right = box.x + box.width;
      const bottom = box.y + box.height;
      assert(box.x >= 0 && box.y >= 0 && right <= width && bottom <= height, `${selector} ends at ${right}, ${bottom}`);
    }
  }

  /** Waits until a condition holds. `what` names the condition in the error. */
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
