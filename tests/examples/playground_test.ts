import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { inBrowser, Playground } from "../support/examples/playground.ts";

Deno.test({
  ...inBrowser("the playground trains, pauses, writes, saves, loads and shows units and gradients"),
  async fn() {
    await using playground = await Playground.open({ viewport: { width: 1280, height: 800 } });
    const { page } = playground, samples = page.locator("#samples li:not(.empty)");
    await playground.small();
    await page.click("#train");

    await playground.until("a loss", async () => await playground.number("#steps") > 0);
    const loss = await playground.number("#loss");
    await playground.until("two samples", async () => await samples.count() >= 2);
    // Well below the limit that the loaded net is held to, as the loss of single steps is noisy.
    await playground.until("a lower loss", async () => await playground.number("#loss") < 0.6 * loss);
    assertNotEquals(await samples.first().textContent(), await samples.last().textContent());
    assert(await playground.number("#speed") > 0);
    await playground.onFirstScreen("#train", "#loss", "#text", "#samples li:first-child");
    // The default is the maximum of the page, which is one on one core.
    const threads = Number(await page.inputValue("#threads"));
    assertEquals(threads > 1, navigator.hardwareConcurrency > 1);
    assertEquals(
      await playground.says("#status"),
      `Training with ${threads > 1 ? `${threads} threads` : "one thread"}.`,
    );

    await page.locator("#thinking").scrollIntoViewIfNeeded();
    await playground.until("colours", async () => (await playground.colored()).colors > 20);
    await page.click("#train");
    assertEquals(await playground.says("#train"), "Resume");
    await page.waitForTimeout(300); // until the current step ends
    const paused = await playground.says("#steps");
    const colors = () => page.locator("#coloured").innerHTML();
    await page.focus("#unit");
    await page.keyboard.press("Home");
    const first = await colors();
    await page.keyboard.press("ArrowRight");
    assertNotEquals(await colors(), first, "another unit");
    assertEquals(await playground.says("#unit-value"), "2 of 48");

    const written = await write(playground);
    assert(written.startsWith("she") && written.length === 3 + 60, written);
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
    const file = await download.path();
    assertEquals(await playground.says("#steps"), paused, "it has continued");
    await page.click("#reset");
    assert(await page.isDisabled("#write-button"));
    await page.setInputFiles("#model-file", file);
    await page.locator("#status", { hasText: "is loaded" }).waitFor();
    assertEquals(await write(playground), written);
    await page.click("#train");
    await playground.until("a loaded net that is trained", async () => await playground.number("#steps") > 3);
    assert(await playground.number("#loss") < 0.75 * loss, "it has restarted");
    await page.click("#train");

    await page.fill("#flow-steps", "20");
    await page.fill("#flow-width", "16");
    await page.click("#flow-button");
    const maps = page.locator("#maps canvas");
    await playground.until("heat maps", async () => Number(await maps.last().getAttribute("height")) > 3);
    await page.click("#flow-button");
    for (const map of await maps.all()) {
      const { columns, colors } = await map.evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, 1);
        return { columns: canvas.width, colors: new Set(new Uint32Array(data.buffer)).size };
      });
      assertEquals(columns, 20);
      assert(colors > 5, `${colors} colours in the first row`);
    }
    assertEquals(playground.complaints, []);
  },
});

Deno.test({
  ...inBrowser("the playground trains on a phone, from a folder of a host without isolation headers"),
  async fn() {
    await using playground = await Playground.open({
      isolated: false,
      path: "/some/folder/",
      viewport: { width: 390, height: 844 },
      colorScheme: "dark",
    });
    const { page } = playground;
    assert(!await page.evaluate(() => "SharedArrayBuffer" in globalThis && crossOriginIsolated));
    assert((await playground.says("#engine")).startsWith("One thread: this page is not cross-origin isolated"));
    await playground.small("brackets");
    await page.click("#train");
    await playground.until("steps", async () => await playground.number("#steps") > 10);
    assertEquals(await playground.says("#status"), "Training with one thread.");
    await page.locator("#samples li:not(.empty) b").first().waitFor();
    await playground.onFirstScreen("#train", "#loss", "#text", "#samples li:first-child b");
    const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert(wide <= room, `${wide} pixels wide`);
    assertEquals(playground.complaints, []);
  },
});

/** Lets the net write 60 characters; returns the text. */
async function write(playground: Playground): Promise<string> {
  const { page } = playground;
  await page.fill("#length", "60");
  await page.click("#write-button");
  await page.locator("#write-button", { hasText: "Write" }).waitFor();
  return await page.textContent("#written") ?? "";
}

Deno.test({
  ...inBrowser("the playground takes equations: shows what is wrong, derives backward, trains"),
  async fn() {
    await using playground = await Playground.open({ viewport: { width: 1280, height: 800 } });
    const { page } = playground, derived = page.locator("#derived"), error = page.locator("#equations-error");
    await playground.small();
    await page.check("[name=cell][value=equations]", { force: true });
    await playground.until("the derived backward pass", async () => {
      return (await derived.textContent())!.includes("dz_c = dh z (1 - c²)");
    });
    const text = await page.inputValue("#equations");
    await page.fill("#equations", text.replace("tanh(", "tan("));
    assertEquals(await error.textContent(), '"tan" is read, but no line says what it is');
    assertEquals(await derived.textContent(), "");
    await page.fill("#equations", text.replace("h = (1 - z) h + z c", "h = z h + (1 - z) c"));
    assert(await error.isHidden());
    await page.click("#train");
    await playground.until("a loss", async () => await playground.number("#loss") > 0);
    assertEquals(
      await page.locator("#net-facts").textContent().then((facts) => facts!.startsWith("equations of")),
      true,
    );
  },
});
