import { passes } from "../support/conformance/passes.ts";

passes("rnn_layer", ["fast", "exact", "f64"]);
