/** Where packages come from: which configuration names them, and in which version. */
import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../", import.meta.url);
const PINNED = /^npm:\/?((?:@[\w.-]+\/)?[\w.-]+)@(\d[\w.-]*)(?:\/|$)/;

interface Configuration {
  readonly lock?: boolean;
  readonly imports?: Readonly<Record<string, string>>;
}

/** Every file of the repository with such a name, by its path. */
function files(name: RegExp, folder = ""): string[] {
  return [...Deno.readDirSync(new URL(folder || "./", ROOT))].flatMap((entry) => {
    if (entry.isDirectory) {
      return /^(\.|node_modules$|dist$)/.test(entry.name) ? [] : files(name, `${folder}${entry.name}/`);
    }
    return name.test(entry.name) ? [folder + entry.name] : [];
  });
}

const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));
const importsOf = (path: string) => Object.values((JSON.parse(read(path)) as Configuration).imports ?? {});

Deno.test("the root imports no package and has no lock: each of its tasks would fetch all that they list", () => {
  assertEquals(importsOf("deno.json").filter((target) => !target.startsWith("./")), []);
  assertEquals((JSON.parse(read("deno.json")) as Configuration).lock, false);
});

Deno.test("every package has one exact version in all configurations and in the library", () => {
  const configured = files(/^deno\.json$/).flatMap((path) => importsOf(path).map((target) => ({ path, target })));
  const inline = files(/\.ts$/, "src/").flatMap((path) => {
    return [...read(path).matchAll(/\b(?:from |import\()"(npm:[^"]*)"/g)].map(([, target]) => ({ path, target }));
  });
  assert(configured.length > 20 && inline.length > 3, "configurations and imports are found");
  const versions = new Map<string, Map<string, string[]>>();
  for (const { path, target } of [...configured, ...inline].filter(({ target }) => /^\w+:/.test(target))) {
    const [, name, version] = target.match(PINNED) ?? [];
    assert(name, `${path}: "${target}" is no package of npm with an exact version`);
    const found = versions.get(name) ?? new Map<string, string[]>();
    found.set(version, [...found.get(version) ?? [], path]);
    versions.set(name, found);
  }
  const several = [...versions].filter(([, found]) => found.size > 1);
  assertEquals(several.map(([name, found]) => `${name}: ${JSON.stringify([...found])}`), []);
});

Deno.test("a program beside those of the root, the examples, the tests or the rivals can import every entry", () => {
  const { exports, imports } = JSON.parse(read("deno.json"));
  const entries = Object.entries<string>(exports).map(([name, path]) => [`@unroll/rnn${name.slice(1)}`, path.slice(2)]);
  assertEquals(imports, Object.fromEntries(entries.map(([name, path]) => [name, `./${path}`])));
  const others = files(/^deno\.json$/).filter((path) => read(path).includes('"@unroll/rnn"'));
  assert(others.includes("examples/deno.json"));
  for (const path of others) {
    const own = (JSON.parse(read(path)) as Configuration).imports ?? {};
    const found = entries.map(([name]) => [name, own[name] && new URL(own[name], new URL(path, ROOT)).href]);
    assertEquals(found, entries.map(([name, target]) => [name, new URL(target, ROOT).href]), path);
  }
});

Deno.test("the programs of the tasks say what they do before Deno fetches a package", async () => {
  for (const program of ["demo/main.ts", "playground/serve.ts"]) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-npm", "--no-check", `examples/${program}`, "--help"],
      cwd: ROOT,
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  }
});

Deno.test("every configuration that imports packages has a lock and fetches a package when it is imported", () => {
  for (const path of files(/^deno\.json$/)) {
    if (!importsOf(path).some((target) => target.startsWith("npm:"))) continue;
    assert(read(path.replace(".json", ".lock")), path);
    assert(JSON.parse(read(path)).unstable?.includes("npm-lazy-caching"), path);
  }
});

Deno.test("tests, examples and tools import packages by the names of their configurations", () => {
  const folders = ["assembly/", "bench/", "examples/", "package/", "tests/"];
  const sources = folders.flatMap((folder) => files(/\.ts$/, folder));
  const inline = sources.filter((path) => /^(import|export)\b.* from "npm:/m.test(read(path)));
  assertEquals(inline, []);
});
