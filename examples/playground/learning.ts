import { proxy } from "comlink";
import { button, element, formatInteger, input, setText, showError } from "./element.ts";
import { LossCurve } from "./loss_curve.ts";
import type { NetChoice } from "./net_choice.ts";
import type { TextChoice } from "./text_choice.ts";
import type { NetFacts, Trainer, TrainingMessage } from "./trainer.ts";
import { Terminated, type WorkerClient } from "./worker_client.ts";

const BITS_PER_NAT = Math.LOG2E;
/** Samples on the page, at most. */
const SAMPLES = 40;

type State = "none" | "busy" | "training" | "paused";
const BUTTON_LABELS: Readonly<Record<State, string>> = {
  none: "Train",
  busy: "Train",
  training: "Pause",
  paused: "Resume",
};

/** Callbacks to the other parts of the page. */
export interface LearningEvents {
  /** There is another net, or none. */
  onNet(net: NetFacts | undefined): void;
  /** The net has changed by training. */
  onProgress(): void;
}

/** The part of the page that trains, saves and loads the net. */
export class Learning {
  readonly #client: WorkerClient<Trainer>;
  readonly #text: TextChoice;
  readonly #choice: NetChoice;
  readonly #events: LearningEvents;
  readonly #curve = new LossCurve(element("curve", HTMLElement));
  readonly #train = button("train");
  #state: State = "none";
  /** Whether the worker's training has the text and options of the controls, so that it can be resumed. */
  #resumable = false;
  #threads = 0;
  /** Number of the current training. Messages of earlier trainings are ignored. */
  #training = 0;

  constructor(client: WorkerClient<Trainer>, text: TextChoice, choice: NetChoice, events: LearningEvents) {
    this.#client = client;
    this.#text = text;
    this.#choice = choice;
    this.#events = events;
    this.#train.onclick = () => void this.#toggle();
    button("reset").onclick = () => {
      this.#reset("Ready.");
      this.#train.focus(); // the reset button is disabled now
    };
    button("save").onclick = () => void this.#save();
    button("load").onclick = () => input("model-file").click();
    input("model-file").onchange = () => void this.#load();
  }

  /** The text or the options have changed: the train button starts another training instead of resuming. */
  restartNext(): void {
    this.#resumable = false;
  }

  onCrash(reason: Error): void {
    this.#reset("");
    showError("error", reason);
  }

  async #toggle(): Promise<void> {
    showError("error");
    if (this.#state === "busy") return;
    if (this.#state === "training") return await this.#pause();
    try {
      const options = this.#choice.training();
      const { text } = this.#text;
      if (!text) throw new Error("There is no text: choose one, paste one or open a file.");
      if (this.#state === "paused" && this.#resumable) {
        this.#setState("training");
        return await this.#client.call((trainer) => trainer.resume());
      }
      if (this.#state === "none") {
        const net = this.#choice.net();
        this.#setState("busy", "Making the net …");
        this.#setNet(await this.#client.call((trainer) => trainer.create(text, net)));
      }
      this.#setState("training");
      this.#resumable = true;
      const training = ++this.#training;
      const onMessage = proxy((message: TrainingMessage) => this.#onMessage(training, message));
      await this.#client.call((trainer) => trainer.train(text, options, onMessage));
    } catch (error) {
      this.#onError(error);
    }
  }

  async #pause(): Promise<void> {
    this.#setState("paused");
    await this.#client.call((trainer) => trainer.pause()).catch((error) => this.#onError(error));
  }

  #onError(error: unknown): void {
    if (error instanceof Terminated) return;
    this.#resumable = false;
    if (this.#state === "busy") this.#setState("none", "Ready.");
    else if (this.#state === "training") this.#setState("paused");
    showError("error", error);
  }

  #reset(status: string): void {
    this.#client.terminate();
    this.#clear();
    this.#setNet(undefined);
    this.#setState("none", status);
    showError("error");
  }

  /** Clears the figures of the last training. */
  #clear(): void {
    this.#training++;
    this.#resumable = false;
    this.#threads = 0;
    this.#curve.clear();
    for (const id of ["loss", "validation", "speed", "steps"]) setText(id, "–");
    setText("epoch", "\u00a0");
    const empty = document.createElement("li");
    empty.className = "empty";
    empty.textContent = "Samples appear here during the training, one every two seconds.";
    element("samples", HTMLElement).replaceChildren(empty);
  }

  #setNet(net: NetFacts | undefined): void {
    this.#choice.show(net);
    this.#events.onNet(net);
  }

  async #save(): Promise<void> {
    showError("error");
    try {
      const bytes = await this.#client.call((trainer) => trainer.save());
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
      link.download = "net.safetensors";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      this.#showStatus("The net is saved as net.safetensors.");
    } catch (error) {
      showError("error", error);
    }
  }

  async #load(): Promise<void> {
    const field = input("model-file");
    const [file] = field.files ?? [];
    field.value = ""; // lets the reader choose the same file again
    if (!file) return;
    showError("error");
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const net = await this.#client.call((trainer) => trainer.load(bytes, this.#choice.threads));
      this.#clear();
      this.#setNet(net);
      this.#setState("paused", `${file.name} is loaded: the net can write and continue its training.`);
    } catch (error) {
      showError("error", error);
    }
  }

  #setState(state: State, status?: string): void {
    this.#state = state;
    this.#train.textContent = BUTTON_LABELS[state];
    // A disabled button would lose the keyboard's focus.
    this.#train.ariaDisabled = String(state === "busy");
    button("reset").disabled = state === "none";
    button("save").disabled = state === "none" || state === "busy";
    button("load").disabled = state === "busy";
    document.body.dataset.state = state;
    this.#showStatus(status ?? (state === "paused" ? "Paused." : this.#trainingStatus()));
  }

  #trainingStatus(): string {
    if (!this.#threads) return "Training.";
    return `Training with ${this.#threads === 1 ? "one thread" : `${this.#threads} threads`}.`;
  }

  /** Screen readers speak the status, so it changes rarely. */
  #showStatus(status: string): void {
    setText("status", status);
  }

  #onMessage(training: number, message: TrainingMessage): void {
    if (training !== this.#training) return;
    if (message.type === "progress") return this.#showProgress(message);
    if (message.type === "validation") {
      const bits = message.loss * BITS_PER_NAT;
      setText("validation", bits.toFixed(2));
      return this.#curve.addValidation(message.step, bits);
    }
    const sample = document.createElement("li");
    const step = document.createElement("b");
    step.textContent = `step ${formatInteger(message.step)}`;
    sample.append(step, message.text.trim());
    const samples = element("samples", HTMLElement);
    samples.querySelector(".empty")?.remove();
    samples.prepend(sample);
    while (samples.children.length > SAMPLES) samples.lastElementChild!.remove();
    this.#events.onProgress();
  }

  #showProgress({ from, losses, epoch, speed, threads }: TrainingMessage & { type: "progress" }): void {
    const bits = losses.map((loss) => loss * BITS_PER_NAT);
    const mean = bits.reduce((a, b) => a + b) / bits.length;
    this.#curve.add(from, bits);
    setText("loss", mean.toFixed(2));
    setText("speed", formatInteger(Number(speed.toPrecision(3))));
    setText("steps", formatInteger(from + losses.length - 1));
    setText("epoch", `pass ${formatInteger(epoch)} over the text`);
    if (threads === this.#threads) return;
    this.#threads = threads;
    if (this.#state === "training") this.#showStatus(this.#trainingStatus());
  }
}
