/** Browsers that run a bundled program in a page or a worker of their own, and what the program posts to `/result`. */
import type { Bundle } from "./engines.ts";

/** A browser: the arguments and the environment with which it opens a URL, with a new profile. */
export interface Browser {
  /** Commands, the first of which that is installed is taken. */
  readonly commands: readonly string[];
  open(url: string, profile: string): { args: readonly string[]; env?: Readonly<Record<string, string>> };
  /** Whether it needs a display, which Xvfb gives. */
  readonly needsDisplay?: boolean;
}

/** Where the program runs, with which headers. */
export interface Place {
  readonly where: "page" | "worker";
  /** Headers of the page and the program. Default: those of cross-origin isolation. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** With these a page may share memory with threads. */
export const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
} as const;

/** Chromium with flags of V8. */
export function chromium(...flags: string[]): Browser {
  const own = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    ...(flags.length ? [`--js-flags=${flags.join(" ")}`] : []),
  ];
  return {
    commands: ["chromium", "chromium-browser", "google-chrome"],
    open: (url, profile) => ({ args: [...own, `--user-data-dir=${profile}`, url] }),
  };
}

/** Of what Firefox does in its first run, only what the program needs. */
const FIREFOX_PREFERENCES = {
  "app.update.enabled": false,
  "browser.safebrowsing.downloads.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "http://localhost:1/",
  "toolkit.telemetry.reportingpolicy.firstRun": false,
};

export const FIREFOX: Browser = {
  commands: ["firefox-esr", "firefox"],
  open(url, profile) {
    const lines = Object.entries(FIREFOX_PREFERENCES).map((entry) =>
      `user_pref(${JSON.stringify(entry).slice(1, -1)});`
    );
    Deno.writeTextFileSync(`${profile}/user.js`, lines.join("\n"));
    return { args: ["--headless", "--no-remote", "--profile", profile, url], env: { HOME: profile } };
  },
};

export const WEBKIT: Browser = {
  commands: [
    "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
    "/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
  ],
  needsDisplay: true,
  open: (url, profile) => ({
    args: [url],
    env: {
      HOME: profile,
      XDG_RUNTIME_DIR: profile,
      XDG_CACHE_HOME: profile,
      XDG_CONFIG_HOME: profile,
      XDG_DATA_HOME: profile,
      LC_ALL: "en_US.UTF-8", // in the locale C, navigator.language is no language
      LIBGL_ALWAYS_SOFTWARE: "1",
      WEBKIT_DISABLE_COMPOSITING_MODE: "1",
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
    },
  }),
};

/** Milliseconds that a browser may take. */
const LIMIT = 90_000;

/** What a program posts to `/result` in a browser, of which this is the command. */
export async function inBrowser(
  browser: Browser,
  command: string,
  { path }: Bundle,
  { where, headers = ISOLATED }: Place,
): Promise<string> {
  const result = Promise.withResolvers<string>();
  const html = where === "page"
    ? `<script type="module" src="/bundle.mjs"></script>`
    : `<script src="/start.js"></script>`;
  const start = `new Worker("/bundle.mjs", { type: "module" }).onerror = (event) => {
    fetch("/result", { method: "POST", body: JSON.stringify({ error: event.message }) });
  }`;
  await using server = Deno.serve({ port: 0, hostname: "localhost", onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const respond = (type: string, text: string) =>
      new Response(text, { headers: { "content-type": type, ...headers } });
    if (pathname === "/bundle.mjs") return respond("text/javascript", Deno.readTextFileSync(path));
    if (pathname === "/start.js") return respond("text/javascript", start);
    if (pathname === "/result") result.resolve(await request.text());
    return respond("text/html", `<!doctype html><meta charset="utf-8">${html}`);
  });
  return await openUntil(browser, command, `http://localhost:${server.addr.port}/`, result.promise);
}

/** Has a page open in a browser, of which this is the command, until there is a result. */
export async function openUntil<Result>(
  browser: Browser,
  command: string,
  url: string,
  result: Promise<Result>,
): Promise<Result> {
  const profile = Deno.makeTempDirSync();
  const { args, env } = browser.open(url, profile);
  const whole = browser.needsDisplay ? ["xvfb-run", "-a", command, ...args] : [command, ...args];
  const process = new Deno.Command("setsid", { args: ["-w", ...whole], env, stdout: "null", stderr: "null" }).spawn();
  const timer = setTimeout(() => endAll(process.pid), LIMIT);
  try {
    const ended = process.status.then(() =>
      Promise.reject(new Error(`${command} ended, or took more than ${LIMIT} ms`))
    );
    return await Promise.race([result, ended]);
  } finally {
    clearTimeout(timer);
    endAll(process.pid);
    await process.status;
    await removeFolder(profile);
  }
}

/** End a process that leads a group, and all others of the group. */
function endAll(pid: number): void {
  try {
    Deno.kill(-pid, "SIGKILL");
  } catch { // They have ended.
  }
}

/** A browser's other processes may write into its profile for a moment after it has ended. */
async function removeFolder(path: string): Promise<void> {
  for (let tries = 50;; tries--) {
    try {
      return Deno.removeSync(path, { recursive: true });
    } catch (error) {
      if (!tries) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
