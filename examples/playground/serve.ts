/**
 * Serves the playground to this machine only, with the headers that allow threads.
 *
 *     deno task playground [--port 8000]
 */
import { commandLine } from "../frame/command_line.ts";
import { exitWithError } from "../frame/terminal.ts";
import { build } from "./build.ts";
import { serve } from "./server.ts";

if (import.meta.main) {
  const { port } = commandLine("Serves the playground on this machine.", { port: 8000 });
  const files = await build("A page where a net learns to write is built and served on this machine");
  try {
    const { addr } = serve(files, { port });
    console.log(`http://localhost:${addr.port}/    (Ctrl-C ends the server)`);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    exitWithError(`port ${port} is in use; choose another with --port`, 1);
  }
}
