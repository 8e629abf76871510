/**
 * Writes a file again and again, or once with its death in a call of the disk: `killed.ts <path> <round|call> <when>`.
 */
import process from "node:process";
import { saveFile, saveNext } from "../../../files.ts";
import { DISK, type Disk } from "../../../src/files/disk.ts";
import { replaceFile } from "../../../src/files/replace.ts";

const [path, how, when] = process.argv.slice(2);
/** More bytes than the system writes in one uninterrupted step. */
const SIZE = 300_000;

function die(): never {
  process.kill(process.pid, "SIGKILL");
  while (true);
}

/** The disk of the system, except that the process dies before, in or after the call named `how`. */
function deadly(): Disk {
  const call = how as keyof Disk;
  const run = DISK[call] as (...args: unknown[]) => unknown;
  const deadlyCall = (...args: unknown[]) => {
    if (when === "before") die();
    if (when === "half") args[1] = (args[1] as Uint8Array).subarray(0, SIZE / 2);
    run(...args);
    die();
  };
  return { ...DISK, [call]: deadlyCall };
}

if (how === "round") {
  for (let i = 1;; i = i % 255 + 1) {
    const bytes = new Uint8Array(SIZE).fill(i);
    if (when === "next") saveNext(path, bytes, { keep: 2 });
    else saveFile(path, bytes);
  }
}
replaceFile(path, new Uint8Array(SIZE).fill(2), deadly());
