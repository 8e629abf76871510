import { passes } from "../conformance/passes.ts";

for (const kind of ["encoder_decoder", "training"]) {
  passes(kind, ["fast", "exact", "f64"], new URL("encoder_decoder/", import.meta.url));
}
