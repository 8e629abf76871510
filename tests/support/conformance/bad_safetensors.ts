import { FormatError } from "../../../mod.ts";
import { EXACT, type Kind } from "./kind.ts";

/** A file that must be refused, or may be: at a byte of it, and for a reason. */
export const badSafetensors: Kind = {
  missing: () => undefined,

  // deno-lint-ignore require-await -- as other kinds
  async run({ config, tensors }, arithmetic) {
    const result = (name: string) => [{ name, arithmetic, got: [0], want: [0], tolerance: EXACT }];
    try {
      tensors();
    } catch (error) {
      if (error instanceof FormatError && error.offset !== undefined) return result(error.message);
      throw error;
    }
    if (config.expect === "either") return result("read");
    throw new Error("A file that must be refused was read");
  },
};
