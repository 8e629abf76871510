import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import process from "node:process";
import { FileError, latest, requireWritable, saveFile, saveNext } from "../../files.ts";
import { OptionError } from "../../mod.ts";
import { DISK, type Disk } from "../../src/files/disk.ts";
import { replaceFile } from "../../src/files/replace.ts";
import { assertWhole, Folder, writer } from "../support/files/folder.ts";

const OLD = new Uint8Array(10).fill(1), NEW = new Uint8Array(7).fill(2);

Deno.test("a file is created, and replaced", () => {
  using folder = new Folder();
  const path = folder.file("model");
  for (const bytes of [OLD, NEW, new Uint8Array()]) {
    saveFile(path, bytes);
    assertEquals(Deno.readFileSync(path), bytes);
    assertEquals(folder.names, ["model"]);
  }
});

Deno.test("of a view only its part of the buffer is written, and partial writes are completed", () => {
  using folder = new Folder();
  const path = folder.file("model"), bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
  const disk = {
    ...DISK,
    write: (h: number, b: Uint8Array, from: number) => DISK.write(h, b.subarray(0, from + 7), from),
  };
  replaceFile(path, bytes.subarray(3, 95), disk);
  assertEquals(Deno.readFileSync(path), bytes.slice(3, 95));
});

Deno.test("a symbolic link stays, and points to the new file", () => {
  using folder = new Folder();
  Deno.mkdirSync(folder.file("real"));
  saveFile(folder.file("real/model"), OLD);
  Deno.symlinkSync(folder.file("real/model"), folder.file("link"));
  saveFile(folder.file("link"), NEW);
  assert(Deno.lstatSync(folder.file("link")).isSymlink);
  assertEquals(Deno.readFileSync(folder.file("real/model")), NEW);
  assertEquals([...Deno.readDirSync(folder.file("real"))].length, 1);
});

Deno.test("the bytes are on the disk before the rename, and the name before the call returns", () => {
  using folder = new Folder();
  const calls: string[] = [];
  const disk = Object.fromEntries(
    Object.entries(DISK).map(([name, call]) => [name, (...args: unknown[]) => {
      calls.push(name);
      return (call as (...args: unknown[]) => unknown)(...args);
    }]),
  ) as unknown as Disk;
  replaceFile(folder.file("model"), OLD, disk);
  assertEquals(calls, ["create", "write", "sync", "close", "rename", "syncFolder"]);
});

for (const call of ["create", "write", "sync", "close", "rename"] as const) {
  Deno.test(`when ${call} fails, only the old file is in the folder`, () => {
    using folder = new Folder();
    const path = folder.file("model"), fault = new Error("EIO: i/o error, somewhere");
    saveFile(path, OLD);
    const disk = { ...DISK, [call]: call === "close" ? failAfter(DISK.close, fault) : () => fail(fault) };
    const error = assertThrows(() => replaceFile(path, NEW, disk), FileError);
    assertEquals([error.message, error.cause], [`Cannot write ${path}: i/o error`, fault]);
    assertEquals(folder.names, ["model"]);
    assertEquals(Deno.readFileSync(path), OLD);
    // No file appears where there was none.
    assertThrows(() => replaceFile(folder.file("other"), NEW, disk), FileError);
    assertEquals(folder.names, ["model"]);
    saveFile(path, NEW);
    assertEquals(Deno.readFileSync(path), NEW);
  });
}

Deno.test("a write of no bytes is an error; a failed sync of the folder is an error with the new file in place", () => {
  using folder = new Folder();
  const path = folder.file("model");
  saveFile(path, OLD);
  const stuck = { ...DISK, write: () => 0 };
  assertThrows(() => replaceFile(path, NEW, stuck), FileError, "only 0 of 7 bytes");
  assertEquals(Deno.readFileSync(path), OLD);
  const lost = { ...DISK, syncFolder: () => fail(new Error("EIO: i/o error, fsync")) };
  assertThrows(() => replaceFile(path, NEW, lost), FileError, "i/o error");
  assertEquals([folder.names, Deno.readFileSync(path)], [["model"], NEW]);
});

Deno.test("when the disk is full, only the old file is in the folder", async () => {
  using folder = new Folder();
  const disk = folder.file("disk"),
    run = (...args: string[]) => new Deno.Command(args[0], { args: args.slice(1) }).output();
  Deno.mkdirSync(disk);
  const { success } = await run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk).catch(() => ({
    success: false,
  }));
  if (!success) return console.log("not tested: mounting a small disk is not allowed here");
  try {
    const path = `${disk}/model`;
    saveFile(path, OLD);
    const error = assertThrows(() => saveFile(path, new Uint8Array(1 << 20)), FileError);
    assertMatch(error.message, /^Cannot write .*\/model: no space left on device$/);
    assertEquals([...Deno.readDirSync(disk)].map(({ name }) => name), ["model"]);
    assertEquals(Deno.readFileSync(path), OLD);
  } finally {
    await run("umount", disk);
  }
});

const MOMENTS: [call: keyof Disk, when: string, byte: number][] = [
  ["create", "before", 1],
  ["create", "after", 1],
  ["write", "half", 1],
  ["write", "after", 1],
  ["sync", "after", 1],
  ["rename", "before", 1],
  ["rename", "after", 2],
  ["syncFolder", "after", 2],
];

Deno.test("after a kill at any moment the file is the old or the new one, and the next save cleans up", async () => {
  await Promise.all(MOMENTS.map(async ([call, when, byte]) => {
    using folder = new Folder();
    const path = folder.file("model"), what = `killed ${when} ${call}`;
    saveFile(path, OLD);
    const { signal } = await writer(path, call, when).status;
    assertEquals(signal, "SIGKILL", what);
    assertEquals(assertWhole(path, what), byte, what);
    assertEquals(folder.names.length, byte === 1 && when + call !== "beforecreate" ? 2 : 1, what);
    saveFile(path, OLD);
    assertEquals(folder.names, ["model"], what);
  }));
});

Deno.test("temporary files of dead processes are removed, those of live processes stay", () => {
  using folder = new Folder();
  const path = folder.file("model"), dead = 2 ** 22 + 1; // larger than any process number of the system
  const put = (name: string, age = 0) => {
    Deno.writeFileSync(folder.file(name), OLD);
    const time = new Date(Date.now() - age);
    Deno.utimeSync(folder.file(name), time, time);
  };
  const hour = 3_600_000, alive = process.ppid;
  put(`model.${dead}.0badcafe.tmp`);
  put(`model.${alive}.0badcafe.tmp`, 2 * hour); // an old process with the same number
  put(`model.${process.pid}.0badcafe.tmp`, 2 * hour); // from before this process started
  put("model.7.tmp.safetensors");
  const stay = [`model.${alive}.1badcafe.tmp`, `model.${process.pid}.1badcafe.tmp`, `other.${dead}.0badcafe.tmp`];
  stay.forEach((name) => put(name));
  saveFile(path, NEW);
  assertEquals(folder.names, ["model", "model.7.tmp.safetensors", ...stay].sort());
  requireWritable(folder.file("other"));
  assertEquals(folder.names, ["model", "model.7.tmp.safetensors", ...stay.slice(0, 2)].sort());
});

Deno.test("saveNext keeps the last k files", () => {
  using folder = new Folder();
  const path = folder.file("run.best.safetensors");
  const others = ["run.best.1.json", "run.best.01.safetensors", "run.best.x.safetensors", "run.best.safetensors"];
  for (const name of others) Deno.writeFileSync(folder.file(name), OLD);
  assertEquals(latest(path), undefined);
  for (let i = 1; i <= 12; i++) {
    const file = saveNext(path, Uint8Array.of(i));
    assertEquals([file, latest(path)], [folder.file(`run.best.${i}.safetensors`), file]);
    const kept = [i - 2, i - 1, i].filter((n) => n > 0).map((n) => `run.best.${n}.safetensors`);
    assertEquals(folder.names, [...others, ...kept].sort());
  }
  saveNext(path, NEW, { keep: 1 });
  assertEquals(folder.names, [...others, "run.best.13.safetensors"].sort());
  Deno.writeFileSync(folder.file(`run.best.12.safetensors.${2 ** 22 + 1}.0badcafe.tmp`), OLD);
  saveNext(path, NEW, { keep: 5 });
  assertEquals(folder.names, [...others, "run.best.13.safetensors", "run.best.14.safetensors"].sort());
  assertThrows(() => saveNext(path, NEW, { keep: 0 }), OptionError, '"keep"');
});

Deno.test("paths may have no folder and no extension", () => {
  using folder = new Folder();
  const before = Deno.cwd();
  Deno.chdir(folder.path);
  try {
    assertEquals([saveNext("model", OLD), saveNext("model", NEW), latest("model")], ["model.1", "model.2", "model.2"]);
    saveFile("model", OLD);
    assertEquals(folder.names, ["model", "model.1", "model.2"]);
  } finally {
    Deno.chdir(before);
  }
});

Deno.test("requireWritable refuses unwritable paths and leaves no files", () => {
  using folder = new Folder();
  Deno.mkdirSync(folder.file("folder"));
  saveFile(folder.file("model"), OLD);
  requireWritable(folder.file("model"));
  requireWritable(folder.file("new"));
  const refused: [string, string][] = [
    ["folder", "it is not a regular file"],
    ["none/model", `there is no folder ${folder.file("none")}`],
    ["model/model", `there is no folder ${folder.file("model")}`],
  ];
  for (const [name, reason] of refused) {
    const error = assertThrows(() => requireWritable(folder.file(name)), FileError);
    assertEquals(error.message, `Cannot write ${folder.file(name)}: ${reason}`);
    assertThrows(() => saveFile(folder.file(name), NEW), FileError, `Cannot write ${folder.file(name)}: `);
  }
  assertThrows(() => saveNext(folder.file("none/model"), NEW), FileError, "no such file or directory");
  assertEquals(folder.names, ["folder", "model"]);
  assertEquals(Deno.readFileSync(folder.file("model")), OLD);
});

function fail(error: Error): never {
  throw error;
}

function failAfter(call: (handle: number) => void, error: Error): (handle: number) => void {
  return (handle) => {
    call(handle);
    throw error;
  };
}
