import type { PlanRow } from "../memory/memory_map.ts";
import { extended, requireKnown } from "../options.ts";
import { Resource } from "../resource.ts";
import { CALL, type CallOptions, type States } from "./packed_batch.ts";
import type { Runner } from "./runner.ts";
import type { IncompatibleKeys, LoadOptions, TensorCopy, Tensors } from "./state_dict.ts";
import { openStream, type Stream } from "./stream.ts";
import { summary } from "./summary.ts";

const PROBABILITIES = /* @__PURE__ */ extended(CALL, { temperature: true });
const STREAM = { batch: true, states: true };

/**
 * A net in one memory, and the calls that run it. Every returned array is a copy. Sequences are time-major, `[T, B,
 * ...]`, unless the net was compiled with `batchFirst`.
 */
export abstract class CompiledNet extends Resource {
  /**
   * What runs the net, for functions that run it in other ways, such as `decode`.
   *
   * @internal
   */
  readonly runner: Runner;

  /** `compile` and `load` make compiled nets. */
  constructor(runner: Runner) {
    super();
    this.runner = runner;
  }

  /**
   * Run a sequence.
   *
   * @param x Tokens `[T, B]` or values `[T, B, input]`.
   * @returns The outputs `[T, B, output]`; `[B, output]` of a net with one row a sequence; `[2, ...]` with merge
   *   `"none"`.
   * @throws {ShapeError} When x does not divide into steps, or has more steps than the net was compiled for.
   */
  forward(x: ArrayLike<number>, options: CallOptions = {}): Float32Array {
    return this.runner.predict(x, options, CALL);
  }

  /**
   * Run a sequence and take the softmax of the outputs divided by `temperature`.
   *
   * @param options.temperature Above 0. Default 1.
   * @returns Probabilities `[T, B, output]`.
   */
  probabilities(x: ArrayLike<number>, options: CallOptions & { temperature?: number } = {}): Float32Array {
    requireKnown("probabilities", PROBABILITIES, options);
    return this.runner.probabilities(x, options);
  }

  /**
   * A stream: runs B sequences one step at a time, with states of its own. A stream shares the parameters: training
   * between two steps shows in the next step.
   *
   * @param options.batch Rows B, at most those of the net. Default 1.
   * @param options.states The first states, `[B, H]` by name. Default: zero (or learned) states.
   */
  stream(options: { batch?: number; states?: States | "zero" } = {}): Stream {
    requireKnown("stream", STREAM, options);
    return openStream(this.runner, options.batch ?? 1, options.states ?? "zero");
  }

  /** Every slot of the memory with its group and bytes, in the order of addresses. */
  get plan(): readonly PlanRow[] {
    return this.runner.plan.planner.table();
  }

  /** Size of the memory in bytes. */
  get bytes(): number {
    return this.runner.plan.bytes;
  }

  /** Largest B of a call. */
  get batch(): number {
    return this.runner.plan.options.batch;
  }

  /** Largest T of a call. */
  get steps(): number {
    return this.runner.plan.options.steps;
  }

  /** A copy of the output of the last call, of any kind, in the form that `forward` returns. */
  output(): Float32Array {
    this.runner.requireOpen();
    return this.runner.io.readOutput(this.runner.requireOutputs("the output"));
  }

  /** Copies of all parameters by name, in PyTorch's shapes. Tied parameters are one copy with several names. */
  parameters(): Map<string, TensorCopy> {
    this.runner.requireOpen();
    return this.runner.io.parameters.copies(({ value }) => this.runner.io.readFlat(value));
  }

  /** A table of all parameters: name, shape, number, bytes; and the sums. */
  summary(): string {
    this.runner.requireOpen();
    return summary(this.runner.plan.planner.parameters, []);
  }

  /**
   * Set the parameters to those of another session or of a file, such as a state dict of PyTorch. Elements have any
   * type, and are rounded to f32. Nothing changes unless all tensors fit.
   *
   * @returns The names without a match, which only `strict: false` allows.
   * @throws {ShapeError} When names or shapes differ. One error lists all missing, unexpected and mis-shaped tensors.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { compile, dense, readSafetensors, sequential, writeSafetensors } from "@unroll/rnn";
   *
   * const bytes = writeSafetensors([
   *   ["model.fc.weight", { shape: [1, 2], data: Float64Array.of(3, 4) }],
   *   ["model.fc.bias", { shape: [1], data: Float64Array.of(5) }],
   *   ["model.steps", { shape: [], data: BigInt64Array.of(100n) }],
   * ]);
   * const session = await compile(sequential({ decoder: dense(2, 1) }), { batch: 1, steps: 1 });
   * const { tensors } = readSafetensors(bytes);
   * const { unexpected } = session.setParameters(tensors, { rename: { "model.fc.": "decoder." }, strict: false });
   * assertEquals(unexpected, ["model.steps"]);
   * assertEquals(session.forward([1, 1]), Float32Array.of(12));
   * session.dispose();
   * ```
   */
  setParameters(tensors: Tensors, options: LoadOptions = {}): IncompatibleKeys {
    this.runner.requireOpen();
    const incompatible = this.runner.io.parameters.set(tensors, options);
    this.runner.refresh();
    return incompatible;
  }

  /** Copies of the states after the last call, `[B, H]` each; none before the first call. */
  states(): States {
    return this.runner.states();
  }

  /** Release the memory and end the workers, if there are any. Every later call throws DisposedError. */
  override dispose(): void {
    this.runner.release();
  }
}
