import { passes } from "../conformance/passes.ts";

passes("rnn_layer", ["fast", "exact", "f64"]);
