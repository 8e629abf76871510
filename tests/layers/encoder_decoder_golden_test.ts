import { passes } from "../conformance/passes.ts";

passes("encoder_decoder", ["fast", "exact", "f64"], new URL("encoder_decoder/", import.meta.url));
