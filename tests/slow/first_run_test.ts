/** A task in a fresh clone: what stands on the screen, what is fetched, and what a second run needs. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Folder } from "../support/files/folder.ts";

const ROOT = new URL("../../", import.meta.url);
const LOCK = new URL("examples/deno.lock", ROOT);
/** Megabytes on the disk. */
const MOST = 50;
/** Lines of others, among them the one with which `deno task` begins. */
const NOISE = 5;
/** What `deno task` runs, and the line that it prints when it is ready. */
const TASKS: [task: string, ready: RegExp][] = [
  ["demo --steps 2 --length 20", /^step 1, .*loss \d.*\n/m],
  ["playground --port 0", /^http:\/\/localhost:\d+\/ .*\n/m],
  ["playground:build FOLDER", /^written: .*\n/m],
];

/** Runs a task until it is ready or ends. `network: false` sends all requests to a port where nobody listens. */
async function run(task: string, ready: RegExp, folder: Folder, network: boolean) {
  const proxy = "http://127.0.0.1:9";
  const command = new Deno.Command(Deno.execPath(), {
    args: ["task", ...task.replace("FOLDER", folder.file("built")).split(" ")],
    cwd: ROOT,
    env: {
      NO_COLOR: "1",
      DENO_DIR: folder.file("cache"),
      ...network ? {} : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: "" },
    },
    stdout: "piped",
    stderr: "piped",
  });
  await using child = command.spawn();
  const noise = new Response(child.stderr).text();
  let printed = "";
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    printed += piece;
    if (ready.test(printed)) break;
  }
  try {
    child.kill();
  } catch { // It has ended.
  }
  await child.status;
  return { isReady: ready.test(printed), printed, noise: (await noise).split("\n").filter((line) => line) };
}

/** Megabytes that a folder takes on the disk. */
function megabytes(path: string): number {
  const { isDirectory, blocks } = Deno.lstatSync(path);
  const inside = isDirectory ? [...Deno.readDirSync(path)].map(({ name }) => megabytes(`${path}/${name}`)) : [];
  return inside.reduce((sum, each) => sum + each, 512 * (blocks ?? 0) / 1e6);
}

for (const [task, ready] of TASKS) {
  Deno.test({
    name: `deno task ${task.split(" ")[0]}: its own line first, little noise, ${MOST} MB at most, then no network`,
    ignore: Deno.build.os === "windows", // which has no `blocks`
    async fn() {
      using folder = new Folder();
      const lock = Deno.readTextFileSync(LOCK);
      const offline = await run(task, ready, folder, false);
      assert(!offline.isReady, "without packages");
      const [first] = offline.printed.split("\n");
      assertMatch(first, /\. The first run fetches from npm: .*\(\d+ MB\)\.$/, offline.noise.join("\n"));

      const fresh = await run(task, ready, folder, true);
      assert(fresh.isReady, [fresh.printed, ...fresh.noise].join("\n"));
      assertEquals(fresh.printed.split("\n")[0], first);
      assert(fresh.noise.length <= NOISE, fresh.noise.join("\n"));
      assert(megabytes(folder.file("cache")) <= MOST, `${megabytes(folder.file("cache"))} MB`);
      const stated = [...first.matchAll(/\((\d+) MB\)/g)].reduce((sum, [, part]) => sum + Number(part), 0);
      const fetched = megabytes(folder.file("cache/npm"));
      assert(Math.abs(fetched / stated - 1) < 0.25, `${fetched} MB, the first line states ${stated}`);
      const scopes = [...Deno.readDirSync(folder.file("cache/npm/registry.npmjs.org"))].map(({ name }) => name);
      assert(
        scopes.length && !scopes.includes("@observablehq") && !scopes.includes("linkedom"),
        "packages of --report",
      );

      const again = await run(task, ready, folder, false);
      assert(again.isReady, [again.printed, ...again.noise].join("\n"));
      assertEquals(Deno.readTextFileSync(LOCK), lock, "the clone has changed");
    },
  });
}
