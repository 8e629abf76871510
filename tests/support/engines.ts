/** Programs of the tests in other engines: bundled into one file, run, and what they print. */
import { assert } from "@std/assert";
import { bundle } from "./package/programs.ts";

const DECODER = new TextDecoder();

/** A program and all that it imports as one JavaScript file, in a folder of its own. */
export class Bundle implements Disposable {
  readonly #folder = Deno.makeTempDirSync();
  readonly path = `${this.#folder}/bundle.mjs`;

  private constructor() {}

  static async of(program: URL): Promise<Bundle> {
    const made = new Bundle();
    await bundle(program, made.path);
    return made;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

/** The first of these commands that is installed. */
export function installed(...names: string[]): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  const paths = names.flatMap((name) => folders.map((folder) => `${folder}/${name}`));
  return paths.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** What a program prints in Deno with flags of V8 and permissions, by default none. */
export function inDeno(
  { path }: Bundle,
  flags: readonly string[],
  args: readonly string[] = [],
  permissions: readonly string[] = [],
): Promise<string> {
  const v8 = flags.length ? [`--v8-flags=${flags.join(",")}`] : [];
  return output(Deno.execPath(), ["run", "--no-config", ...v8, ...permissions, path, ...args]);
}

/** What a program prints in Node with flags of V8. */
export function inNode(
  node: string,
  { path }: Bundle,
  flags: readonly string[],
  args: readonly string[] = [],
): Promise<string> {
  return output(node, [...flags, path, ...args]);
}

/** What a program posts to `/result` from a worker of a cross-origin isolated page in a browser with flags of V8. */
export async function inChromium(chromium: string, { path }: Bundle, flags: readonly string[]): Promise<string> {
  const result = Promise.withResolvers<string>(), profile = Deno.makeTempDirSync();
  await using server = Deno.serve({ port: 0, hostname: "localhost", onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const isolated = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
    if (pathname === "/bundle.mjs") {
      const headers = { "content-type": "text/javascript", ...isolated };
      return new Response(Deno.readTextFileSync(path), { headers });
    }
    if (pathname === "/result") result.resolve(await request.text());
    const page = `<script>new Worker("/bundle.mjs", { type: "module" })</script>`;
    return new Response(page, { headers: { "content-type": "text/html", ...isolated } });
  });
  const args = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`];
  if (flags.length) args.push(`--js-flags=${flags.join(" ")}`);
  const browser = new Deno.Command(chromium, {
    args: [...args, `http://localhost:${server.addr.port}/`],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const timer = setTimeout(() => browser.kill(), 60_000);
  try {
    const ended = browser.status.then(() => Promise.reject(new Error(`${chromium} ended, or took more than a minute`)));
    return await Promise.race([result.promise, ended]);
  } finally {
    clearTimeout(timer);
    try {
      browser.kill();
    } catch { // It has ended.
    }
    await browser.status;
    await removeFolder(profile);
  }
}

/** A browser's other processes may write into its profile for a moment after it has ended. */
async function removeFolder(path: string): Promise<void> {
  for (let tries = 50;; tries--) {
    try {
      return Deno.removeSync(path, { recursive: true });
    } catch (error) {
      if (!tries) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  assert(success, `${command} ${args.join(" ")}: ${DECODER.decode(stderr)}`);
  return DECODER.decode(stdout);
}
