import { passes } from "../support/conformance/passes.ts";

passes("training", ["fast", "exact", "f64"]);
