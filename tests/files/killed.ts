/** Writes a file over and over, or once and is killed on the way: `killed.ts <path> <round|call> <when>`. */
import process from "node:process";
import { saveFile, saveNext } from "../../files.ts";
import { DISK, type Disk } from "../../src/files/disk.ts";
import { replaceFile } from "../../src/files/replace.ts";

const [path, how, when] = process.argv.slice(2);
/** More than the system writes in one stroke without looking up. */
const SIZE = 300_000;

function die(): never {
  process.kill(process.pid, "SIGKILL");
  while (true);
}

/** The system's disk until the call named `how`, before or after which the process dies. */
function deadly(): Disk {
  const call = how as keyof Disk, done = DISK[call] as (...args: unknown[]) => unknown;
  const doomed = (...args: unknown[]) => {
    if (when === "before") die();
    if (when === "half") args[1] = (args[1] as Uint8Array).subarray(0, SIZE / 2);
    done(...args);
    die();
  };
  return { ...DISK, [call]: doomed };
}

if (how === "round") {
  for (let i = 1;; i = i % 255 + 1) {
    const bytes = new Uint8Array(SIZE).fill(i);
    if (when === "next") saveNext(path, bytes, { keep: 2 });
    else saveFile(path, bytes);
  }
}
replaceFile(path, new Uint8Array(SIZE).fill(2), undefined, deadly());
