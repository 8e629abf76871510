import { proxy } from "comlink";
import { button, complain, counted, element, input } from "./element.ts";
import { HungUp, type Line } from "./line.ts";
import { LossCurve } from "./loss_curve.ts";
import type { NetChoice } from "./net_choice.ts";
import type { TextChoice } from "./text_choice.ts";
import type { Heard, NetFacts, Trainer } from "./trainer.ts";

const BITS_PER_NAT = Math.LOG2E;
/** Samples that are kept on the page. */
const SAMPLES = 40;

type State = "none" | "busy" | "training" | "paused";

/** What the other parts of the page hear of. */
export interface LearningEvents {
  /** There is another net, or none. */
  onNet(net: NetFacts | undefined): void;
  /** The net has learned for a while. */
  onProgress(): void;
}

/** The part of the page where the net is trained, saved and loaded. */
export class Learning {
  readonly #line: Line<Trainer>;
  readonly #text: TextChoice;
  readonly #choice: NetChoice;
  readonly #events: LearningEvents;
  readonly #curve = new LossCurve(element("curve", HTMLElement));
  readonly #train = button("train");
  #state: State = "none";
  /** Whether the training of the worker is that of the controls, so that it can go on. */
  #current = false;
  #threads = 0;
  /** Counts trainings, so that what an earlier one still says is not heard. */
  #training = 0;

  constructor(line: Line<Trainer>, text: TextChoice, choice: NetChoice, events: LearningEvents) {
    this.#line = line;
    this.#text = text;
    this.#choice = choice;
    this.#events = events;
    this.#train.onclick = () => void this.#press();
    button("reset").onclick = () => {
      this.#reset("Ready.");
      this.#train.focus(); // as there is nothing left to reset
    };
    button("save").onclick = () => void this.#save();
    button("load").onclick = () => input("model-file").click();
    input("model-file").onchange = () => void this.#load();
  }

  /** The text or the way of training is another: the next start is a new one. */
  changed(): void {
    this.#current = false;
  }

  /** The worker has died. */
  died(reason: Error): void {
    this.#reset("");
    complain("error", reason);
  }

  async #press(): Promise<void> {
    complain("error");
    if (this.#state === "busy") return;
    if (this.#state === "training") return await this.#pause();
    try {
      const options = this.#choice.training(), { text } = this.#text;
      if (!text) throw new Error("There is no text: choose one, paste one or open a file.");
      if (this.#state === "paused" && this.#current) {
        this.#become("training");
        return await this.#line.ask((trainer) => trainer.resume());
      }
      if (this.#state === "none") {
        const net = this.#choice.net();
        this.#become("busy", "Making the net …");
        this.#net(await this.#line.ask((trainer) => trainer.create(text, net)));
      }
      this.#become("training");
      this.#current = true;
      const training = ++this.#training, hear = proxy((heard: Heard) => this.#hear(training, heard));
      await this.#line.ask((trainer) => trainer.train(text, options, hear));
    } catch (error) {
      this.#failed(error);
    }
  }

  async #pause(): Promise<void> {
    this.#become("paused");
    await this.#line.ask((trainer) => trainer.pause()).catch((error) => this.#failed(error));
  }

  #failed(error: unknown): void {
    if (error instanceof HungUp) return;
    this.#current = false;
    if (this.#state === "busy") this.#become("none", "Ready.");
    else if (this.#state === "training") this.#become("paused");
    complain("error", error);
  }

  #reset(status: string): void {
    this.#line.hangUp(new HungUp());
    this.#training++;
    this.#current = false;
    this.#clear();
    this.#net(undefined);
    this.#become("none", status);
    complain("error");
  }

  #clear(): void {
    this.#threads = 0;
    this.#curve.clear();
    for (const id of ["loss", "validation", "speed", "steps"]) element(id, HTMLElement).textContent = "–";
    element("epoch", HTMLElement).textContent = "\u00a0";
    const empty = document.createElement("li");
    empty.className = "empty";
    empty.textContent = "Samples appear here while it trains, one every two seconds.";
    element("samples", HTMLElement).replaceChildren(empty);
  }

  #net(net: NetFacts | undefined): void {
    this.#choice.show(net);
    this.#events.onNet(net);
  }

  async #save(): Promise<void> {
    complain("error");
    try {
      const bytes = await this.#line.ask((trainer) => trainer.save());
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
      link.download = "net.safetensors";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      this.#say("The net is saved as net.safetensors.");
    } catch (error) {
      complain("error", error);
    }
  }

  async #load(): Promise<void> {
    const field = input("model-file"), [file] = field.files ?? [];
    field.value = ""; // so that the same file can be chosen again
    if (!file) return;
    complain("error");
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const net = await this.#line.ask((trainer) => trainer.load(bytes, this.#choice.threads));
      this.#training++;
      this.#current = false;
      this.#clear();
      this.#net(net);
      this.#become("paused", `${file.name} is loaded: it can write, and be trained further.`);
    } catch (error) {
      complain("error", error);
    }
  }

  #become(state: State, status?: string): void {
    const labels = { none: "Train", busy: "Train", training: "Pause", paused: "Go on" };
    this.#state = state;
    this.#train.textContent = labels[state];
    // Not disabled, as it would lose the keyboard's focus.
    this.#train.ariaDisabled = String(state === "busy");
    button("reset").disabled = state === "none";
    button("save").disabled = state === "none" || state === "busy";
    button("load").disabled = state === "busy";
    document.body.dataset.state = state;
    if (status !== undefined) this.#say(status);
    else if (state === "paused") this.#say("Paused.");
    else this.#say(this.#running());
  }

  #running(): string {
    if (!this.#threads) return "Training.";
    return `Training with ${this.#threads === 1 ? "one thread" : `${this.#threads} threads`}.`;
  }

  /** Told to screen readers as well, so it is said seldom. */
  #say(status: string): void {
    element("status", HTMLElement).textContent = status;
  }

  #hear(training: number, heard: Heard): void {
    if (training !== this.#training) return;
    if (heard.type === "progress") return this.#progress(heard);
    if (heard.type === "validation") {
      const bits = heard.loss * BITS_PER_NAT;
      element("validation", HTMLElement).textContent = bits.toFixed(2);
      return this.#curve.addValidation(heard.step, bits);
    }
    const sample = document.createElement("li"), step = document.createElement("b");
    step.textContent = `step ${counted(heard.step)}`;
    sample.append(step, heard.text.trim());
    const samples = element("samples", HTMLElement);
    samples.querySelector(".empty")?.remove();
    samples.prepend(sample);
    while (samples.children.length > SAMPLES) samples.lastElementChild!.remove();
    this.#events.onProgress();
  }

  #progress({ from, losses, epoch, speed, threads }: Heard & { type: "progress" }): void {
    const bits = losses.map((loss) => loss * BITS_PER_NAT), mean = bits.reduce((a, b) => a + b) / bits.length;
    this.#curve.add(from, bits);
    element("loss", HTMLElement).textContent = mean.toFixed(2);
    element("speed", HTMLElement).textContent = counted(Number(speed.toPrecision(3)));
    element("steps", HTMLElement).textContent = counted(from + losses.length - 1);
    element("epoch", HTMLElement).textContent = `pass ${counted(epoch)} over the text`;
    if (threads === this.#threads) return;
    this.#threads = threads;
    if (this.#state === "training") this.#say(this.#running());
  }
}
