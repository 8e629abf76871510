/** Sends what the program gives to the server of the page: in a page itself, and in a worker. */
import { results } from "./program.ts";

const found = await results().catch((error) => ({ error: String(error) }));
await fetch("/result", { method: "POST", body: JSON.stringify(found) });
