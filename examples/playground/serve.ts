/**
 * Serves the playground to this machine only, with the headers that allow threads.
 *
 *     deno task playground [--port 8000]
 */
import { commandLine } from "../frame/command_line.ts";
import { exitWithError } from "../frame/terminal.ts";
import { playground } from "./build.ts";

/** Content types by file extension. */
const CONTENT_TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  txt: "text/plain; charset=utf-8",
  woff2: "font/woff2",
};

/** Headers that allow a page to share memory among threads. */
const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

export interface ServeOptions {
  /** 0 is any free port. */
  readonly port: number;
  /** Whether the page is cross-origin isolated. @default true */
  readonly isolated?: boolean;
  /** Path of the folder. @default "/" */
  readonly path?: string;
}

/** Serves files on the loopback address. */
export function serve(
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  { port, isolated = true, path = "/" }: ServeOptions,
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    const name = pathname === path ? "index.html" : pathname.startsWith(path) ? pathname.slice(path.length) : "";
    const bytes = files.get(name);
    if (!bytes) return new Response("Not found\n", { status: 404 });
    const type = CONTENT_TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
    const headers = { "content-type": type, "cache-control": "no-store", ...(isolated ? ISOLATED : {}) };
    return new Response(bytes, { headers });
  });
}

if (import.meta.main) {
  const { port } = commandLine("Serves the playground on this machine.", { port: 8000 });
  const files = await playground();
  try {
    const { addr } = serve(files, { port });
    console.log(`http://localhost:${addr.port}/    (Ctrl-C ends the server)`);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    exitWithError(`port ${port} is in use; choose another with --port`, 1);
  }
}
