import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { inBrowser, Playground } from "../support/examples/playground.ts";

const WRONG_NUMBERS = [
  ["width", "0", 'Width must be an integer from 1 to 1024, not "0".'],
  ["layers", "1.5", 'Layers must be an integer from 1 to 4, not "1.5".'],
  ["batch", "", 'Batch must be an integer from 1 to 512, not "".'],
  ["flow-bias", "11", 'LSTM’s forget bias must be a number from -5 to 10, not "11".'],
  ["flow-steps", "4", 'Time steps must be an integer from 5 to 200, not "4".'],
] as const;

/** The keys that a user without a pointer needs. */
Deno.test({
  ...inBrowser("the playground can be used by keyboard alone"),
  async fn() {
    await using playground = await Playground.open();
    const { page } = playground, { keyboard } = page;
    const focused = () =>
      page.evaluate(() => document.activeElement!.id || (document.activeElement as HTMLInputElement).name);
    /** Tab to an element, past others that all show that they have the focus. */
    const reach = async (id: string) => {
      for (let presses = 0; await focused() !== id; presses++) {
        assert(presses < 40, `${id} is not within reach of the Tab key`);
        await keyboard.press("Tab");
        const visible = await page.evaluate(() => {
          const element = document.activeElement!,
            shown = element.matches("[type=radio]") ? element.nextElementSibling! : element;
          return getComputedStyle(shown).outlineStyle !== "none";
        });
        assert(visible, `${await focused()} does not show its focus`);
      }
    };
    await reach("source");
    await keyboard.press("ArrowDown");
    await keyboard.press("ArrowDown");
    assertEquals(await page.inputValue("#source"), "tongueTwister");
    await reach("cell");
    await keyboard.press("ArrowLeft");
    assert(await page.isChecked("[value=gru]"));
    await reach("width");
    await keyboard.press("Control+A");
    await keyboard.type("32");
    await reach("rate");
    const rate = await playground.says("#rate-value");
    await keyboard.press("ArrowRight");
    assertNotEquals(await playground.says("#rate-value"), rate);
    await reach("train");
    await keyboard.press("Enter");
    await playground.until("a sample", async () => await page.locator("#samples li:not(.empty)").count() > 0);
    await keyboard.press("Space");
    assertEquals(await playground.says("#train"), "Resume");
    await reach("prompt");
    await keyboard.press("Control+A");
    await keyboard.type("shells");
    await keyboard.press("Enter");
    await playground.until(
      "text",
      async () =>
        (await playground.says("#written")).startsWith("shells") && (await playground.says("#written")).length > 40,
    );
    await reach("unit");
    await playground.until("colours", async () => (await playground.colored()).characters > 50);
    await keyboard.press("Home");
    await keyboard.press("ArrowRight");
    assertEquals(await playground.says("#unit-value"), "2 of 32");
    await reach("flow-button");
    await keyboard.press("Enter");
    await playground.until(
      "a heat map",
      async () => Number(await page.locator("#maps canvas").last().getAttribute("height")) > 1,
    );
    await keyboard.press("Enter");
    assertEquals(await playground.says("#flow-button"), "Compare the cells");
    assertEquals(playground.complaints, []);
  },
});

Deno.test({
  ...inBrowser("the playground says what is wrong in one sentence, and goes on"),
  async fn() {
    await using playground = await Playground.open();
    const { page } = playground;
    const refused = async (sentence: string, place = "#error") => {
      await page.locator(place, { hasText: sentence }).waitFor();
      assertEquals(await page.isVisible(place), true);
    };
    await playground.small();
    await page.fill("#text", "");
    await page.click("#train");
    await refused("There is no text");

    await page.fill("#text", "too short");
    await page.click("#train");
    await refused("The text is too short: 9 characters cannot be cut into 16 streams");
    await page.click("#flow-button");
    await refused("The text is too short", "#flow-error");
    await page.click("#reset");

    for (const [id, value, sentence] of WRONG_NUMBERS) {
      const before = await page.inputValue(`#${id}`);
      const isFlow = id.startsWith("flow");
      await page.fill(`#${id}`, value);
      assertEquals(await page.getAttribute(`#${id}`, "aria-invalid"), "true", id);
      assert(await page.isVisible(`#${id}-note`), id);
      await page.click(isFlow ? "#flow-button" : "#train");
      await refused(sentence, isFlow ? "#flow-error" : "#error");
      assertEquals(await playground.says("#train"), "Train");
      await page.fill(`#${id}`, before);
      assertEquals(await page.getAttribute(`#${id}`, "aria-invalid"), "false", id);
      assert(!await page.isVisible(`#${id}-note`), id);
    }

    const bad = (name: string, bytes: number[]) => ({ name, mimeType: "", buffer: Buffer.from(bytes) });
    await page.setInputFiles("#text-file", bad("picture.png", [137, 80, 78, 71, 255, 254]));
    await refused("picture.png is not a text in UTF-8.");
    await page.setInputFiles("#model-file", bad("bad.safetensors", [1, 2, 3]));
    await refused("safetensors");
    assert(await page.isDisabled("#save"));

    // Twice 2 GiB are not to be had; what is smaller can be trained in the same page.
    await page.selectOption("#source", "tongueTwister");
    await page.fill("#layers", "4");
    await page.fill("#width", "1024");
    await page.fill("#batch", "512");
    await page.fill("#unroll", "500");
    await page.click("#train");
    await refused("There is not enough memory for this net");
    await page.click("#reset");
    await playground.small();
    await page.fill("#unroll", "20");
    await page.click("#train");
    await playground.until("steps", async () => await playground.number("#steps") > 5);
    assert(!await page.isVisible("#error"));
    await page.click("#train");

    // Of what it does not know it is told; what it knows it still reads.
    await page.fill("#prompt", "Ω");
    await page.click("#write-button");
    await refused("The net knows the", "#writing-error");
    assertStringIncludes(await playground.says("#writing-error"), '"Ω" (U+03A9)');
    await page.locator("#thinking").scrollIntoViewIfNeeded();
    await page.fill("#read", "Ω");
    await refused("The net knows the", "#thinking-error");
    await page.fill("#read", "she sells");
    await playground.until("colours", async () => (await playground.colored()).characters === 9);
    assert(!await page.isVisible("#thinking-error"));
    assertEquals(playground.complaints, []);
  },
});

Deno.test({
  ...inBrowser("a comparison of cells that is left running ends by itself"),
  async fn() {
    await using playground = await Playground.open();
    const { page } = playground;
    await playground.small();
    await page.fill("#flow-steps", "5");
    await page.fill("#flow-width", "4");
    await page.click("#flow-button");
    assertEquals(await playground.says("#flow-button"), "Stop");
    await page.locator("#flow-status", { hasText: "The comparison has ended after 2,000 steps." }).waitFor();
    assertEquals(await playground.says("#flow-button"), "Compare the cells");
    const running = () => page.workers().filter((worker) => worker.url().endsWith("/flow.js"));
    await playground.until("the end of the worker", () => Promise.resolve(running().length === 0));
    assertEquals(playground.complaints, []);
  },
});

Deno.test({
  ...inBrowser("a worker of the playground that dies leaves a page that can train another net"),
  async fn() {
    await using playground = await Playground.open();
    const { page } = playground;
    await playground.small();
    await page.click("#train");
    await playground.until("steps", async () => await playground.number("#steps") > 5);
    const [worker] = page.workers().filter((worker) => worker.url().endsWith("/trainer.js"));
    await worker.evaluate(() =>
      void setTimeout(() => {
        throw new Error("planted");
      })
    );
    await page.locator("#error", { hasText: "The worker has stopped" }).waitFor();
    assertEquals(await playground.says("#train"), "Train");
    await page.click("#train");
    await playground.until("steps", async () => await playground.number("#steps") > 5);
    assert(!await page.isVisible("#error"));
  },
});

Deno.test({
  ...inBrowser("the playground goes on with another text, batch and learning rate, and is never wider than a phone"),
  async fn() {
    await using playground = await Playground.open({ viewport: { width: 360, height: 740 } });
    const { page } = playground;
    await playground.small();
    await page.click("#train");
    await playground.until("steps", async () => await playground.number("#steps") > 5);
    await page.fill("#rate", "-1.5"); // while it trains
    await page.click("#train");
    await page.waitForTimeout(300);
    const steps = await playground.number("#steps");
    await page.setInputFiles("#text-file", {
      name: "own.txt",
      mimeType: "text/plain",
      buffer: Buffer.from("he sells shells. ".repeat(100)),
    });
    await page.locator("#text-facts", { hasText: "1,700 characters" }).waitFor();
    assertEquals(await page.inputValue("#source"), "own");
    await page.fill("#batch", "8");
    await page.click("#train");
    await playground.until("more steps", async () => await playground.number("#steps") > steps + 5);
    await page.locator("#thinking").scrollIntoViewIfNeeded();
    await page.fill("#prompt", "s".repeat(300));
    await page.fill("#read", "s".repeat(300));
    await page.click("#write-button");
    await page.click("#flow-button");
    await playground.until(
      "a heat map",
      async () => Number(await page.locator("#maps canvas").last().getAttribute("height")) > 1,
    );
    await page.emulateMedia({ colorScheme: "dark" });
    const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert(wide <= room, `${wide} pixels wide`);
    assertEquals(playground.complaints, []);
  },
});
