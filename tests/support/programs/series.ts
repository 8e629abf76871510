/** Writes files of a series and prints their paths as JSON: `series.ts <path> <writer> <number of files>`. */
import { saveNext } from "../../../files.ts";

const [path, writer, files] = Deno.args;
const encoder = new TextEncoder();
const written = Array.from(
  { length: Number(files) },
  (_, i) => saveNext(path, encoder.encode(`${writer} ${i}`), { keep: 1000 }),
);
console.log(JSON.stringify(written));
