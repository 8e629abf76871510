/**
 * `Symbol.dispose`, also in engines without it (WebKit, and realms of `node:vm` in Node 20): there the symbol that
 * `using` looks for when esbuild, Babel or SWC has rewritten it.
 */
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? /* @__PURE__ */ Symbol.for("Symbol.dispose");

/** What holds memory or threads until `dispose`, which `using` calls. */
export abstract class Resource implements Disposable {
  /** Release what this object holds. */
  abstract dispose(): void;

  /** See `dispose`. */
  [DISPOSE](): void {
    this.dispose();
  }
}
