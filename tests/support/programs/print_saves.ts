/**
 * Saves files in a folder, in Deno or Node, and prints the resulting files: `print_saves.ts <folder> <dead process>`.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { FileError, latest, requireWritable, saveFile, saveNext } from "../../../files.ts";

const folder = process.argv[2], path = `${folder}/model`;
writeFileSync(`${path}.${process.argv[3]}.0badcafe.tmp`, "of a dead process");
requireWritable(path);
for (const byte of [1, 2]) saveFile(path, new Uint8Array(100_000).fill(byte));
for (const byte of [3, 4, 5]) saveNext(`${path}.bin`, Uint8Array.of(byte), { keep: 2 });
let refusal: unknown;
try {
  saveFile(`${folder}/none/model`, Uint8Array.of(1));
} catch (error) {
  refusal = error;
}
console.log(JSON.stringify({
  names: readdirSync(folder).sort(),
  bytes: [...new Set(readFileSync(path))],
  latest: [...readFileSync(latest(`${path}.bin`)!)],
  refusal: refusal instanceof FileError && refusal.message.replace(folder, ""),
}));
