/** Prints what a Worker answers in workerd: node workerd.mjs NODE_MODULES WORKER */
import { createRequire } from "node:module";
import { dirname } from "node:path";

const [modules, worker] = process.argv.slice(2);
const { Miniflare } = createRequire(`${modules}/`)("miniflare");
const server = new Miniflare({
  modules: true,
  scriptPath: worker,
  modulesRoot: dirname(worker),
  modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }, { type: "ESModule", include: ["**/*.mjs"] }],
  compatibilityDate: "2025-09-01",
});
try {
  console.log(await (await server.dispatchFetch("http://localhost/")).text());
} finally {
  await server.dispose();
}
