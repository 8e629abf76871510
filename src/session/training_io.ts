import { requireNumbers, ShapeError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Slot } from "../memory/slot.ts";
import { HostIO } from "../runtime/host_io.ts";
import { checkStates } from "../runtime/initial_states.ts";
import type { PackedBatch, States } from "../runtime/packed_batch.ts";
import type { TargetRows, Targets } from "../training/losses/loss.ts";

/** The transfer between the caller and the memory of a net that trains: targets and gradients as well. */
export class TrainingIO extends HostIO {
  /** The rows of a batch as a loss reads and writes them. */
  targetRows(batch: PackedBatch): TargetRows {
    const { layout } = this;
    const outputBatch = this.outputBatch(batch);
    const { T, B, totalSteps, lengths, order, shard, training } = outputBatch;
    return {
      B,
      count: totalSteps * B,
      partial: shard !== undefined,
      training,
      forEach: (visit) => layout.forEach(outputBatch, visit),
      sequence: (b) => order ? order[b] : b,
      steps: (b) => lengths ? lengths[b] : T,
      floats: (address, n) => layout.floats(address, n),
      integers: (address, n) => layout.integers(address, n),
    };
  }

  /** Copies of the targets of a call, in the staging. */
  stageTargets({ y, weights, targetLengths }: Targets): Targets {
    const { staging } = this;
    return {
      y: staging.copy("y", y),
      weights: weights && staging.copy("weights", weights),
      targetLengths: targetLengths && staging.copy("targetLengths", targetLengths),
    };
  }

  /** @throws {ShapeError} When dOutput does not have an element for each of the output. */
  checkOutputGradient(dOutput: ArrayLike<number>, batch: PackedBatch): void {
    const { totalSteps, B } = this.outputBatch(batch);
    const { width } = this.plan.layer.output;
    const n = totalSteps * B;
    if (requireNumbers("dOutput", dOutput).length === n * width) return;
    const rows = width === 1 ? `${n} elements` : `${n} rows of ${width} elements`;
    throw new ShapeError(`Cannot read "dOutput": expected ${rows}, as the output has, got ${dOutput.length} elements`);
  }

  /** Write the gradient of the output, in the layout of the output. */
  writeOutputGradient(dOutput: ArrayLike<number>, batch: PackedBatch): void {
    const outputBatch = this.outputBatch(batch);
    for (const { slot, from } of this.outputParts(this.plan.layer.output.gradient!, outputBatch)) {
      this.layout.write(slot, dOutput, outputBatch, from);
    }
  }

  /** Zero the gradient of an output on which nothing depends. */
  clearOutputGradient(k: Kernels, batch: PackedBatch): void {
    const { T, B } = this.outputBatch(batch);
    const { address, columns, stride } = this.plan.layer.output.gradient!;
    k.zero(address, T * B, columns, stride);
  }

  /** @throws {ShapeError} When the states are not those of the net, with B rows each. */
  checkStates(states: States, B: number): void {
    checkStates("states", this.plan.layer.states, states, B);
  }

  /** @throws {ShapeError} When a gradient is not that of a state of the net. Not every state needs one. */
  checkStateGradients(dStates: States, { B }: PackedBatch): void {
    const { states } = this.plan.layer;
    checkStates("dStates", states.filter((state) => state.name in dStates), dStates, B);
  }

  /** Zero the gradients of the first and of the last states. */
  clearStateGradients(k: Kernels, { B }: PackedBatch): void {
    for (const { width, stride, gradient } of this.plan.layer.states) {
      k.zero(gradient.first(B), B, width, stride);
      k.zero(gradient.last(), B, width, stride);
    }
  }

  /** Write gradients of the last states; the other gradients stay. */
  writeStateGradients(dStates: States, batch: PackedBatch): void {
    for (const { name, width, stride, gradient } of this.plan.layer.states) {
      if (name in dStates) this.layout.writeBlock({ address: gradient.last(), stride, width }, dStates[name], batch);
    }
  }

  /** Copies of the gradients of the initial states, after backward. */
  readStateGradients(batch: PackedBatch): States {
    return this.copyStates((state) => state.gradient.first(batch.B), batch);
  }

  /** Zero the gradients of all parameters. */
  clearParameterGradients(k: Kernels): void {
    const { planner } = this.plan;
    k.zero(planner.ranges.gradient, 1, planner.elements, planner.elements);
  }

  /** Add the gradients of learned initial states to those of their parameters, after backward. */
  addLearnedGradients(k: Kernels, { B, fresh }: PackedBatch): void {
    for (const { width, stride, learned, gradient } of this.plan.layer.states) {
      if (learned && fresh) k.columnSums(learned.gradient.address, gradient.first(B), B, width, stride);
    }
  }

  /** Whether all rows of a batch are finite in a slot. */
  isFinite({ address, stride, columns }: Slot, { T, B }: PackedBatch): boolean {
    const view = this.layout.floats(address, T * B * stride);
    for (let row = 0; row < T * B; row++) {
      for (let i = row * stride; i < row * stride + columns; i++) if (!Number.isFinite(view[i])) return false;
    }
    return true;
  }

  /** Visit every number of a layer's output, except behind a row's length. `batch` is that of the layer. */
  forEachOutput({ stride, columns, address }: Slot, batch: PackedBatch, visit: (value: number) => void): void {
    const view = this.layout.floats(address, batch.T * batch.B * stride);
    this.layout.forEach(batch, (row, callerRow) => {
      if (callerRow < 0) return;
      for (let c = row * stride; c < row * stride + columns; c++) visit(view[c]);
    });
  }

  /** A view of `n` numbers in memory. */
  view(address: number, n: number): Float32Array {
    return this.layout.floats(address, n) as Float32Array;
  }
}
