/** Prints what the program gives, in Deno, Node and Bun. */
import { results } from "./program.ts";

console.log(JSON.stringify(await results()));
