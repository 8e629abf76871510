/** A server for the files of the playground, with the headers that allow threads. */

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

export interface AnswerOptions {
  /** Whether the page is cross-origin isolated. @default true */
  readonly isolated?: boolean;
  /** Path of the folder. @default "/" */
  readonly path?: string;
}

export interface ServeOptions extends AnswerOptions {
  /** 0 is any free port. */
  readonly port: number;
}

type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** Serves files on the loopback address. */
export function serve(files: Files, { port, ...options }: ServeOptions): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port, hostname: "127.0.0.1", onListen() {} }, (request) => answer(request, files, options));
}

/** The file that a request asks for. */
export function answer({ url }: Request, files: Files, { isolated = true, path = "/" }: AnswerOptions = {}): Response {
  const { pathname } = new URL(url);
  const name = pathname === path ? "index.html" : pathname.startsWith(path) ? pathname.slice(path.length) : "";
  const bytes = files.get(name);
  if (!bytes) return new Response("Not found\n", { status: 404 });
  const type = CONTENT_TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
  const headers = { "content-type": type, "cache-control": "no-store", ...(isolated ? ISOLATED : {}) };
  return new Response(bytes, { headers });
}
