/** The page of a training: well-formed, self-contained, true to the events, and bounded in size. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseHTML } from "linkedom";
import { clipNorm, clipValue, fit, type FitEvent, LanguageModel, type TrainingEvent } from "@unroll/rnn";
import { accuracy } from "@unroll/rnn/metrics";
import { TrainingReport } from "@unroll/rnn/report";
import { classifier, sums } from "../support/trainer/trainer_net.ts";

const SCRIPT = '<script>alert("x & y")</script>';
const SECTIONS = [
  "Loss",
  "Learning rate, gradient norm, clipping",
  "Gradient norm by time step",
  "Weights",
  "Activations",
  "Samples",
  "Configuration and environment",
];

function headings(document: Document, tag: string): string[] {
  return [...document.querySelectorAll(tag)].map(({ textContent }) => textContent ?? "");
}

function parsed(page: string): Document {
  return (parseHTML(page) as unknown as { document: Document }).document;
}

/** Elements without an end tag. */
const VOID = ["meta", "br"];

/** Every start tag has its end tag in order. The page requests nothing and runs nothing. */
function assertWhole(page: string): void {
  assert(/^<!doctype html>\s*<html lang="en">/.test(page), page.slice(0, 100));
  const open: string[] = [];
  for (const [, end, name, attributes] of page.matchAll(/<(\/?)([a-z][a-zA-Z0-9]*)((?:[^>"]|"[^"]*")*)>/g)) {
    if (end) assertEquals(open.pop(), name);
    else if (!attributes.endsWith("/") && !VOID.includes(name)) open.push(name);
  }
  assertEquals(open, []);
  assertEquals(
    page.match(/https?:|\/\/[a-z]|url\(|@import|<(?:script|link|img|iframe|object)|\s(?:src|href|on\w+)=/gi),
    null,
  );
  const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
  assertEquals(new Set(ids).size, ids.length, "ids are unique");
}

async function trained(): Promise<{ page: string; events: FitEvent[]; sample: string }> {
  const text = "to be or not to be, ".repeat(60), clip = clipNorm(0.3);
  using model = await LanguageModel.create(text, { hidden: [8, 6], seed: 1 });
  const configuration = { "hidden": "8, 6", [SCRIPT]: `value ${SCRIPT}`, steps: 60, seeded: true };
  const report = new TrainingReport({ title: `Hamlet ${SCRIPT}`, clip, perplexity: true, configuration });
  const statistics = { every: 3, gradientFlow: true };
  const events: FitEvent[] = [];
  for await (const event of model.fit(text, { batch: 4, unroll: 10, steps: 60, clip, statistics })) {
    events.push(event);
    report.add(event);
    if (event.step % 20 === 0) report.sample(`after ${event.step}: ${SCRIPT}\u0000\ud800`);
  }
  return { page: report.html(), events, sample: `${SCRIPT}\ufffd\ufffd` };
}

Deno.test("the page of a language model's training has all sections and the numbers of the events", async () => {
  const { page, events, sample } = await trained(), document = parsed(page);
  assertWhole(page);
  assertEquals(headings(document, "h1"), [`Hamlet ${SCRIPT}`]);
  assertEquals(headings(document, "h2"), SECTIONS);
  const figures = ["Loss", "Perplexity", "Learning rate", "Gradient norm", "Share of clipped steps"];
  const titles = headings(document, "figure h3");
  assertEquals(titles.slice(0, 5), figures);
  for (const name of ["rnn.l0", "rnn.l1"]) assert(titles.includes(`Gradient norm by time step, ${name}`), `${titles}`);
  for (const name of ["rnn.weight_hh_l1", "decoder.bias", "rnn.l0", "decoder"]) assert(titles.includes(name), name);
  for (const figure of document.querySelectorAll("figure")) {
    const svg = figure.querySelector("svg")!, caption = figure.querySelector("figcaption")!.textContent!;
    assertEquals(svg.getAttribute("role"), "img");
    assert(svg.getAttribute("aria-label")!.length > 20 && caption.length > 10, caption);
    assert(!/NaN|undefined|Infinity/.test(figure.outerHTML), figure.outerHTML.slice(0, 500));
  }
  // The captions have the numbers of the events.
  const [loss, perplexity, , , clipped] = [...document.querySelectorAll("figcaption")].map((each) => each.textContent!);
  const three = (value: number) => String(Number(value.toPrecision(3)));
  assertStringIncludes(loss, `From ${three(events[0].loss)} to ${three(events[59].loss)} in training`);
  assertStringIncludes(perplexity, `From ${three(Math.exp(events[0].loss))} to`);
  const share = events.filter(({ gradientNorm }) => gradientNorm > 0.3).length / 60;
  assert(share > 0 && share < 1, "some steps are clipped and some are not");
  assertStringIncludes(clipped, `${Number((100 * share).toPrecision(2))} % of 60 steps`);
  // Texts are escaped.
  const quotes = [...document.querySelectorAll("blockquote")].map((each) => each.textContent);
  assertEquals(quotes, [60, 40, 20].map((step) => `after ${step}: ${sample}`));
  const cells = [...document.querySelectorAll("tr")].map((row) => [...row.children].map((cell) => cell.textContent));
  assertEquals(cells[1], [SCRIPT, `value ${SCRIPT}`]);
  assert(cells.some(([name, value]) => name === "engine" && value!.includes("Deno")));
  assertStringIncludes(page, "prefers-color-scheme: dark");
  assertStringIncludes(page, "default-src &#39;none&#39;");
});

Deno.test("the page of several trainings shows evaluations, metrics and the reason of the end", async () => {
  const report = new TrainingReport({ title: "Two", clip: clipValue(0.1) }), data = sums(24);
  const evaluate = { data: sums(12, 2) }, metrics = { accuracy: accuracy() };
  for (const name of [`A ${SCRIPT}`, "B"]) {
    using session = await classifier({ clip: clipValue(0.1), gradientFlow: true });
    const statistics = { every: 4, gradientFlow: true };
    for await (const event of fit(session, data, { epochs: 3, statistics, evaluate, metrics })) report.add(event, name);
  }
  const page = report.html(), document = parsed(page);
  assertWhole(page);
  assertEquals(headings(document, ".key li"), [`A ${SCRIPT}`, "B"]);
  assertEquals(headings(document, "h2"), SECTIONS.filter((title) => title !== "Samples"));
  const titles = headings(document, "figure h3");
  assertEquals(titles.slice(0, 4), ["Loss", "Accuracy", "Learning rate", "Gradient norm"]);
  assert(titles.includes("Gradient norm by time step, B: rnn.l1"), `${titles}`);
  assertStringIncludes(page, "clipped to ±0.1");
  assertStringIncludes(page, "2 trainings");
  const single = new TrainingReport();
  single.add({ type: "end", step: 5, epoch: 2, reason: "patience", best: null, restored: false });
  assertEquals(headings(parsed(single.html()), "dd").slice(0, 2), ["5", "2"]);
  assertEquals(headings(parsed(single.html()), "dd").at(-1), "patience");
});

Deno.test("a report without events, of one step and of non-finite numbers is well-formed", () => {
  const report = new TrainingReport({ clip: clipNorm(1) });
  assertWhole(report.html());
  report.add(step(1, { loss: NaN, gradientNorm: NaN }));
  assertWhole(report.html());
  report.add(step(2, { loss: 0, gradientNorm: 0 }));
  const flat = { low: 0, high: 0, counts: [3] };
  report.add({
    type: "statistics",
    step: 2,
    epoch: 1,
    gradients: new Map([["bias", 0]]),
    parameters: new Map([["bias", flat]]),
    activations: new Map([["l0", { mean: 0, deviation: 0, saturated: 0, histogram: flat }]]),
    gradientFlow: new Map([["l0", Float32Array.of(0)], ["l1", Float32Array.of(0, 1e-30, 1e30)]]),
  });
  assertWhole(report.html());
  assertStringIncludes(report.html(), "1 updates were left out");
  assert(!/NaN|undefined/.test(report.html()));
});

function step(step: number, numbers: { loss: number; gradientNorm: number }): TrainingEvent {
  return { type: "step", step, epoch: 1, count: 1, learningRate: 0.1, skipped: 0, ...numbers };
}

Deno.test("the page does not grow with the length of the training", () => {
  const report = new TrainingReport({ perplexity: true, clip: clipNorm(1) }), sizes: number[] = [];
  const histogram = { low: -1.2345, high: 1.2345, counts: Array.from({ length: 40 }, (_, i) => 1000 + i * i) };
  const flow = new Map([["rnn.l0", Float32Array.from({ length: 1000 }, (_, t) => Math.exp((t - 1000) / 100))]]);
  const activation = { mean: 0, deviation: 1, saturated: 0.1, histogram };
  for (let i = 1; i <= 100_000; i++) {
    report.add(step(i, { loss: 3 + Math.cos(i), gradientNorm: 1 + Math.sin(i) }));
    if (i % 10 === 0) {
      report.add({
        type: "statistics",
        step: i,
        epoch: 1,
        gradients: new Map([["weight", i]]),
        parameters: new Map([["weight", histogram]]),
        activations: new Map([["rnn.l0", activation]]),
        gradientFlow: flow,
      });
    }
    if (i % 100 === 0) report.sample("a".repeat(5000));
    if ([10_000, 100_000].includes(i)) sizes.push(report.html().length);
  }
  const quotes = [...parsed(report.html()).querySelectorAll("blockquote")].map(({ textContent }) =>
    textContent!.length
  );
  assert(quotes.length <= 13 && quotes.every((length) => length === 2004), `${quotes}`);
  const [tenth, whole] = sizes;
  // A curve halves its points at its limit, so one page may have up to twice the points of another.
  assert(whole < 400_000 && whole < 2.2 * tenth, `${tenth} and ${whole} bytes`);
});
