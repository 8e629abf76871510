/** What a file is saved over, what is saved, and by how many at once. Special files are made in a private folder. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { FileError, latest, requireWritable, saveFile, saveNext } from "../../files.ts";
import { OptionError } from "../../mod.ts";
import { addNext } from "../../src/files/save.ts";
import { DISK } from "../../src/files/disk.ts";
import { runInNewContext } from "node:vm";
import { Folder, series } from "../support/files/folder.ts";

const OLD = new Uint8Array(10).fill(1), NEW = new Uint8Array(7).fill(2);

function made(...[name, ...args]: string[]): boolean {
  return new Deno.Command(name, { args, stderr: "null" }).outputSync().success;
}

Deno.test("a device, a fifo, a socket and a folder are refused, behind links too, and stay", () => {
  using folder = new Folder();
  const special = ["fifo", "socket", "folder"];
  assert(made("mkfifo", folder.file("fifo")));
  using _socket = Deno.listen({ transport: "unix", path: folder.file("socket") });
  Deno.mkdirSync(folder.file("folder"));
  // Only root may make a device: the folder's own copy of the null device.
  if (made("mknod", folder.file("device"), "c", "1", "3")) special.push("device");
  for (const name of special) {
    Deno.symlinkSync(folder.file(name), folder.file(`link to ${name}`));
    const before = Deno.lstatSync(folder.file(name)), names = folder.names;
    for (const path of [folder.file(name), folder.file(`link to ${name}`)]) {
      const message = `Cannot write ${path}: it is not a regular file`;
      for (const save of [saveFile, requireWritable]) assertThrows(() => save(path, NEW), FileError, message);
    }
    const after = Deno.lstatSync(folder.file(name));
    assertEquals([after.ino, after.mode, after.rdev], [before.ino, before.mode, before.rdev], name);
    assertEquals(folder.names, names);
  }
});

Deno.test("saveNext neither writes to special files of its series nor removes them", () => {
  using folder = new Folder();
  assert(made("mkfifo", folder.file("model.1")));
  Deno.mkdirSync(folder.file("model.2"));
  Deno.symlinkSync(folder.file("later"), folder.file("model.3"));
  assertEquals(saveNext(folder.file("model"), NEW, { keep: 1 }), folder.file("model.4"));
  assertEquals(folder.names, ["model.1", "model.2", "model.3", "model.4"]);
});

Deno.test("a link to nothing and a link to itself are refused and stay", () => {
  using folder = new Folder();
  for (const [name, to] of [["link", "later"], ["loop", "loop"]]) {
    const path = folder.file(name);
    Deno.symlinkSync(folder.file(to), path);
    for (const save of [saveFile, requireWritable]) {
      assertThrows(() => save(path, NEW), FileError, `Cannot write ${path}`);
    }
    assertEquals(Deno.readLinkSync(path), folder.file(to));
  }
  assertEquals(folder.names, ["link", "loop"]);
});

Deno.test({
  name: "permission bits stay, and a numbered file has those of the file before it",
  ignore: Deno.build.os === "windows",
  fn() {
    using folder = new Folder();
    const path = folder.file("model"), mode = (file: string) => Deno.statSync(file).mode! & 0o7777;
    for (const bits of [0o600, 0o640, 0o444, 0o666, 0o777, 0o400, 0o2660]) {
      saveFile(path, OLD);
      Deno.chmodSync(path, bits);
      saveFile(path, NEW);
      assertEquals([mode(path), Deno.readFileSync(path)], [bits, NEW]);
      Deno.chmodSync(saveNext(path, OLD), bits);
      assertEquals(mode(saveNext(path, NEW)), bits);
    }
    const seen: (number | undefined)[] = [];
    Deno.chmodSync(path, 0o600);
    const create = DISK.create;
    try {
      DISK.create = (name, bits) => (seen.push(bits), create(name, bits));
      saveFile(path, OLD);
    } finally {
      DISK.create = create;
    }
    assertEquals(seen, [0o600], "the temporary file of a secret is never open to others");
  },
});

Deno.test("anything but bytes is refused before the old file is touched", () => {
  using folder = new Folder();
  const path = folder.file("model"), gone = new Uint8Array(4);
  structuredClone(gone, { transfer: [gone.buffer] });
  saveFile(path, OLD);
  saveNext(path, OLD);
  const refused: [unknown, string][] = [
    [Promise.resolve(NEW), 'got a Promise (is "await" missing?)'],
    [{}, "got an Object"],
    [{ length: 3 }, "got an Object"],
    [{ [Symbol.toStringTag]: "ArrayBuffer" }, "got an ArrayBuffer"],
    [[1, 2], "got an Array"],
    ["text", 'got "text"'],
    [null, "got null"],
    [undefined, "got undefined"],
    [3, "got 3"],
    [new Float32Array(2), "got a Float32Array"],
    [new DataView(new ArrayBuffer(2)), "got a DataView"],
    [gone, "its buffer was transferred"],
  ];
  for (const [value, reason] of refused) {
    for (const save of [saveFile, saveNext] as ((path: string, bytes: Uint8Array) => void)[]) {
      const { message } = assertThrows(() => save(path, value as Uint8Array), OptionError);
      assertStringIncludes(message, reason);
      assertStringIncludes(message, '"bytes"');
    }
  }
  assertEquals([folder.names, Deno.readFileSync(path)], [["model", "model.1"], OLD]);
});

Deno.test("an ArrayBuffer, a view of shared memory and bytes of another realm are bytes", () => {
  using folder = new Folder();
  const path = folder.file("model"), shared = new Uint8Array(new SharedArrayBuffer(3)).fill(9);
  const foreign = runInNewContext("new Uint8Array([7, 8])");
  for (const bytes of [NEW.slice().buffer, shared, foreign]) {
    saveFile(path, bytes as Uint8Array);
    const content = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
    assertEquals(Deno.readFileSync(path), Uint8Array.from(content));
  }
});

Deno.test("of several processes that write one series, none loses a file", async () => {
  using folder = new Folder();
  const path = folder.file("model"), writers = 4, files = 12;
  const outputs = await Promise.all(Array.from({ length: writers }, (_, w) => series(path, w, files)));
  const written = outputs.flat();
  assertEquals(new Set(written).size, writers * files, "each file has a name of its own");
  assertEquals(folder.names.length, writers * files);
  const content = written.map((file) => Deno.readTextFileSync(file)).sort();
  const wanted = Array.from({ length: writers * files }, (_, i) => `${Math.floor(i / files)} ${i % files}`).sort();
  assertEquals(content, wanted);
});

Deno.test("a file that others overtake by more than are kept gets a new number", () => {
  using folder = new Folder();
  const path = folder.file("model");
  let overtaken = false;
  const disk = {
    ...DISK,
    link(from: string, to: string) {
      // The number was free again: others have written more files and have removed the old ones.
      if (!overtaken) { for (const n of [7, 8]) Deno.writeFileSync(folder.file(`model.${n}`), OLD); }
      overtaken = true;
      return DISK.link(from, to);
    },
  };
  assertEquals(addNext(path, NEW, 2, disk), folder.file("model.9"));
  assertEquals([folder.names, latest(path)], [["model.8", "model.9"], folder.file("model.9")]);
});

Deno.test("a worker leaves the temporary file that another thread of its process is writing", async () => {
  using folder = new Folder();
  const path = folder.file("model"), other = `${path}.${Deno.pid}.0badcafe.tmp`;
  Deno.writeFileSync(other, OLD);
  const time = new Date(Date.now() - 5000);
  Deno.utimeSync(other, time, time);
  const files = new URL("../../files.ts", import.meta.url);
  const code = `import { saveFile } from "${files}"; saveFile(${
    JSON.stringify(path)
  }, new Uint8Array(3)); postMessage(0)`;
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: "module" });
  await new Promise((resolve, reject) => (worker.onmessage = resolve, worker.onerror = reject));
  worker.terminate();
  assertEquals(folder.names, ["model", `model.${Deno.pid}.0badcafe.tmp`]);
});
