import { ShapeError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Slot } from "../memory/slot.ts";
import type { TargetRows } from "../training/losses/loss.ts";
import { checkStates, HostIO } from "../runtime/host_io.ts";
import type { PackedBatch, States } from "../runtime/packed_batch.ts";

/** The border of a session that trains: targets and gradients as well. */
export class TrainingIO extends HostIO {
  /** The numbers of a layer's output that are no padding, of a call as that layer sees it. */
  forEachOutput({ stride, columns, address }: Slot, call: PackedBatch, visit: (value: number) => void): void {
    const view = this.rows.floats(address, call.T * call.B * stride);
    this.rows.forEach(call, (row, outside) => {
      if (outside < 0) return;
      for (let c = row * stride; c < row * stride + columns; c++) visit(view[c]);
    });
  }

  /** One element of dOutput for each of the output. */
  checkOutputGradient(dOutput: ArrayLike<number>, call: PackedBatch): void {
    this.checkLength("dOutput", dOutput, this.outputCall(call), this.plan.layer.output.width);
  }

  /** The gradient of the output, laid out as the output is. */
  writeOutputGradient(dOutput: ArrayLike<number>, call: PackedBatch): void {
    const outside = this.outputCall(call), parts = this.parts(this.plan.layer.output.gradient!, outside);
    for (const { slot, from } of parts) this.rows.write(slot, dOutput, outside, from);
  }

  /** The gradient of an output that nothing depends on. */
  clearOutputGradient(k: Kernels, call: PackedBatch): void {
    const { T, B } = this.outputCall(call), { address, columns, stride } = this.plan.layer.output.gradient!;
    k.zero(address, T * B, columns, stride);
  }

  /** The call's rows as a loss sees them. */
  targetRows(call: PackedBatch): TargetRows {
    const rows = this.rows, outside = this.outputCall(call), { T, B, totalSteps: whole, lengths, order } = outside;
    return {
      B,
      count: whole * B,
      partial: outside.shard !== undefined,
      forEach: (visit) => rows.forEach(outside, visit),
      sequence: (b) => order ? order[b] : b,
      steps: (b) => lengths ? lengths[b] : T,
      floats: (address, n) => rows.floats(address, n),
      integers: (address, n) => rows.integers(address, n),
    };
  }

  /** A view of `n` numbers. */
  view(address: number, n: number): Float32Array {
    return this.rows.floats(address, n) as Float32Array;
  }

  /** States of all names, of B rows. */
  checkStates(states: States, B: number): void {
    checkStates("states", this.plan.layer.states, states, B);
  }

  /** Gradients of last states, by name; not all have to be there. */
  checkStateGradients(dStates: States, { B }: PackedBatch): void {
    const { states } = this.plan.layer;
    checkStates("dStates", states.filter((state) => state.name in dStates), dStates, B);
  }

  /** One element for each of the call's rows and columns. */
  checkLength(name: string, data: ArrayLike<number>, { totalSteps: whole, B }: PackedBatch, columns: number): void {
    const n = whole * B;
    if (data.length === n * columns) return;
    const rows = columns === 1 ? `${n} elements` : `${n} rows of ${columns} elements`;
    throw new ShapeError(`Cannot read "${name}": expected ${rows}, as the output has, got ${data.length} elements`);
  }

  /** Gradients of the initial states into those of the parameters that they came from; after backward. */
  addLearnedGradients(k: Kernels, { B, fresh }: PackedBatch): void {
    for (const { width, stride, learned, gradient } of this.plan.layer.states) {
      if (learned && fresh) k.columnSums(learned.gradient.address, gradient.first(B), B, width, stride);
    }
  }

  /** Whether the rows of a call are finite numbers in a slot. */
  finite({ address, stride, columns }: Slot, { T, B }: PackedBatch): boolean {
    const view = this.rows.floats(address, T * B * stride);
    for (let row = 0; row < T * B; row++) {
      for (let i = row * stride; i < row * stride + columns; i++) if (!Number.isFinite(view[i])) return false;
    }
    return true;
  }

  /** Zero the gradients of all parameters. */
  clearParameterGradients(k: Kernels): void {
    const { planner } = this.plan;
    k.zero(planner.ranges.gradient, 1, planner.elements, planner.elements);
  }

  /** Zero the gradients of the first and of the last states. */
  clearStateGradients(k: Kernels, { B }: PackedBatch): void {
    for (const { width, stride, gradient } of this.plan.layer.states) {
      k.zero(gradient.first(B), B, width, stride);
      k.zero(gradient.last(), B, width, stride);
    }
  }

  /** Given gradients of the last states; those not given stay as they are. */
  writeStateGradients(dStates: States, call: PackedBatch): void {
    for (const { name, width, stride, gradient } of this.plan.layer.states) {
      if (name in dStates) this.rows.writeBlock({ address: gradient.last(), stride, width }, dStates[name], call);
    }
  }

  /** Copies of the gradients of the initial states, after backward. */
  readStateGradients(call: PackedBatch): States {
    return this.copyStates((state) => state.gradient.first(call.B), call);
  }
}
