/** Milliseconds and steps of a trial, at least. */
const TRIAL = 50, TRIAL_STEPS = 2;
/** The first trial of threads comes after so many milliseconds: shorter trainings do not gain from workers. */
const FIRST = 200;
/** How many times longer than a trial the choice is used before the next one: a trial may cost 1 in 20. */
const REST = 20;
/** Of its time, what another number of threads must save to be chosen. */
const GAIN = 0.03;

/**
 * Chooses between one thread and all of a training by the time that its steps take. Trials come again and again, since
 * other programs may take the cores or leave them.
 */
export class ThreadChoice {
  readonly #all: number;
  #chosen = 1;
  #isTrial = false;
  /** Milliseconds and steps since the last change. */
  #time = 0;
  #steps = 0;
  /** Milliseconds until the next trial. */
  #until = FIRST;
  /** Milliseconds of a step with the chosen number. */
  #pace = 0;

  constructor(all: number) {
    this.#all = all;
  }

  /** The number of threads for the next step. */
  get threads(): number {
    return this.#isTrial ? this.#other : this.#chosen;
  }

  /** Count a step that took so many milliseconds. */
  add(time: number): void {
    this.#time += time;
    this.#steps++;
    if (this.#time < (this.#isTrial ? TRIAL : this.#until) || this.#steps < TRIAL_STEPS) return;
    const pace = this.#time / this.#steps;
    if (!this.#isTrial) this.#pace = pace;
    else {
      if (pace < (1 - GAIN) * this.#pace) this.#chosen = this.#other;
      this.#until = REST * this.#time;
    }
    this.#isTrial = !this.#isTrial;
    this.#time = this.#steps = 0;
  }

  /** Stay with one thread: there are no others. */
  settle(): void {
    this.#isTrial = false;
    this.#until = Infinity;
  }

  get #other(): number {
    return this.#chosen === 1 ? this.#all : 1;
  }
}
