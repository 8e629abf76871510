import { assert, assertEquals, assertMatch } from "@std/assert";

const EXAMPLE = import.meta.resolve("../../examples/gradient_flow.ts");

Deno.test("gradient_flow.ts plots the gradients of eight trainings in the terminal and on a page", async () => {
  const file = await Deno.makeTempFile({ suffix: ".html" });
  try {
    const sizes = ["--steps", "20", "--hidden", "8", "--batch", "4", "--seconds", "2"];
    const args = ["run", "-A", "--quiet", EXAMPLE, ...sizes, "--report", file];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, env: { NO_COLOR: "1" } }).output();
    const text = new TextDecoder(), out = text.decode(stdout);
    assertEquals({ code, error: text.decode(stderr) }, { code: 0, error: "" });
    const plots = [...out.matchAll(/^([ ▁▂▃▄▅▆▇█]{20})\| {2}at the (?:start|end)$/gm)].map(([, plot]) => plot);
    assertEquals(plots.length, 16);
    for (const plot of plots) assert(plot.includes("█"), plot);
    // Before the training the gradient vanishes or explodes.
    assertMatch(plots[0], /^[ ▁▂▃▄▅▆]+▇*█$/);
    assertMatch(plots[4], /^█/);
    const rows = [...out.matchAll(/^(Elman|Elman x2|GRU|LSTM)(, clipped)? +\d\.\d{4} +\de[+-]\d+ +\S+$/gm)];
    assertEquals(rows.length, 8);
    const page = await Deno.readTextFile(file);
    for (const name of ["Elman x2, clipped", "LSTM", "Gradient norm by time step"]) assert(page.includes(name), name);
  } finally {
    await Deno.remove(file);
  }
});
