import { passes } from "../support/conformance/passes.ts";

for (const kind of ["encoder_decoder", "training"]) {
  passes(kind, ["fast", "exact", "f64"], new URL("../fixtures/encoder_decoder/", import.meta.url));
}
