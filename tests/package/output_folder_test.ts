/** The build programs never delete what they have not written. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { filesOf, MARK, requireOutputFolder, writeOutput } from "../../package/output_folder.ts";
import { Folder } from "../support/files/folder.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const build = (...names: string[]) => new Map(names.map((name) => [name, bytes(`built ${name}`)]));

async function names(folder: string): Promise<string[]> {
  return [...(await filesOf(folder)).keys()].sort();
}

Deno.test("a build goes into a new or empty folder, and replaces its own files; others stay", async () => {
  using folder = new Folder();
  for (const name of ["empty", "new/inner"]) {
    const output = folder.file(name);
    if (name === "empty") Deno.mkdirSync(output);
    await writeOutput(output, build("a.js", "deep/b.js"));
    Deno.writeTextFileSync(`${output}/CNAME`, "mine");
    Deno.writeTextFileSync(`${output}/deep/mine`, "mine");
    await writeOutput(output, build("a.js", "c.js"));
    assertEquals(await names(output), [MARK, "CNAME", "a.js", "c.js", "deep/mine"]);
    assertEquals(Deno.readTextFileSync(`${output}/CNAME`), "mine");
  }
});

Deno.test("a folder of somebody else is refused and stays as it is", async () => {
  using folder = new Folder();
  Deno.mkdirSync(folder.file("home"));
  Deno.writeTextFileSync(folder.file("home/thesis"), "years");
  Deno.mkdirSync(folder.file("hidden/.git"), { recursive: true });
  Deno.mkdirSync(folder.file("forged"));
  Deno.writeTextFileSync(folder.file("file"), "text");
  Deno.symlinkSync(folder.file("nowhere"), folder.file("dangling"));
  Deno.symlinkSync(folder.file("home"), folder.file("link"));
  for (const name of ["home", "hidden", "file", "dangling", "link", "home/thesis"]) {
    for (const write of [requireOutputFolder, (path: string) => writeOutput(path, build("a.js"))]) {
      const { message } = await assertRejects(
        () => write(folder.file(name)) as Promise<unknown>,
        Error,
        "Cannot write",
      );
      assertStringIncludes(message, folder.file(name));
    }
  }
  for (const mark of ["[", "{}", '["../home/thesis"]', '["/etc/x"]', '["a/../../home/thesis"]', '["C:x"]', "[3]"]) {
    Deno.writeTextFileSync(folder.file(`forged/${MARK}`), mark);
    await assertRejects(() => writeOutput(folder.file("forged"), build("a.js")), Error, "is not a list of files");
  }
  assertEquals(folder.names, ["dangling", "file", "forged", "hidden", "home", "link"]);
  assertEquals(Deno.readTextFileSync(folder.file("home/thesis")), "years");
  assertEquals(await names(folder.file("forged")), [MARK]);
});

for (const program of ["package/npm.ts", "examples/playground/build.ts"]) {
  Deno.test(`${program} refuses a folder of somebody else`, async () => {
    using folder = new Folder();
    Deno.writeTextFileSync(folder.file("thesis"), "years");
    const args = ["run", "-A", "--quiet", "--no-check", fileURLToPath(new URL(`../../${program}`, import.meta.url))];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args: [...args, folder.path] }).output();
    assert(!success);
    assertStringIncludes(new TextDecoder().decode(stderr), `Cannot write to ${folder.path}`);
    assertEquals(folder.names, ["thesis"]);
  });
}
