import { type KernelOptions, loadModules } from "../../../kernels/load.ts";
import type { Kernels } from "../../../kernels/kernels.ts";
import { LIMIT, RESERVED } from "../../../memory/memory_map.ts";
import { Segment } from "../../../memory/segment.ts";
import type { Slot } from "../../../memory/slot.ts";
import { WasmArena } from "../../../memory/wasm_arena.ts";

/** Writes weights into the memory, once. */
export type WriteWeight = (slot: Slot, k: Kernels, arena: WasmArena) => void;

/**
 * The memory of a model: its weights, each once in the form that kernels read, then the region of the plan that runs.
 * Plans share the weights, and each uses the region for itself.
 */
export class ModelMemory {
  readonly #options: KernelOptions;
  readonly #weights = new Segment("weights");
  readonly #slots = new Map<unknown, Map<string, Slot>>();
  /** The weights without elements: how to write and how to forget each. */
  #unwritten: { readonly write: () => void; readonly forget: () => void }[] = [];
  #arena: WasmArena | undefined;
  #k: Kernels | undefined;
  #writtenBytes = 0;

  constructor(options: KernelOptions) {
    this.#options = options;
    this.#weights.base = RESERVED;
  }

  /** Bytes of all weights. */
  get weightBytes(): number {
    return this.#weights.bytes;
  }

  /** The memory. `reserve` has made it. */
  get arena(): WasmArena {
    return this.#arena!;
  }

  /** The kernels on the memory. */
  get k(): Kernels {
    return this.#k!;
  }

  /**
   * The place of a weight, which is written before the next call.
   *
   * @param owner The tensor or node that it belongs to.
   * @param form Its name and form.
   */
  weight(owner: unknown, form: string, elements: number, write?: WriteWeight): Slot {
    const forms = this.#slots.get(owner) ?? new Map<string, Slot>();
    this.#slots.set(owner, forms);
    const known = forms.get(form);
    if (known) return known;
    const slot = this.#weights.append(form, 1, elements, elements);
    forms.set(form, slot);
    this.#unwritten.push({ write: () => write?.(slot, this.k, this.arena), forget: () => forms.delete(form) });
    return slot;
  }

  /** Forgets the weights of a plan that came to nothing. */
  forget(): void {
    for (const { forget } of this.#unwritten) forget();
    this.#unwritten = [];
  }

  /**
   * Makes the memory at least so large, and writes new weights. A larger memory is a new one, with twice the region of
   * the old one at least, so that sequences that grow do not make one each.
   *
   * @throws {PlanError} When this is more than a memory can have.
   */
  async reserve(bytes: number): Promise<void> {
    const old = this.#arena;
    if (!old || old.bytes < bytes) {
      const region = old ? 2 * (old.bytes - this.#writtenBytes) : 0;
      const arena = new WasmArena(Math.max(bytes, Math.min(LIMIT, RESERVED + this.weightBytes + region)));
      const { kernels } = await loadModules(this.#options, arena, false);
      if (old) {
        const from = new Uint8Array(old.memory.buffer, RESERVED, this.#writtenBytes);
        new Uint8Array(arena.memory.buffer).set(from, RESERVED);
      }
      this.#arena = arena;
      this.#k = kernels;
    }
    const writes = this.#unwritten;
    this.#unwritten = [];
    for (const { write } of writes) write();
    this.#writtenBytes = this.weightBytes;
  }

  dispose(): void {
    this.#arena = this.#k = undefined;
    this.#slots.clear();
  }
}
