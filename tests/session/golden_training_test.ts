import { passes } from "../conformance/passes.ts";

passes("training", ["fast", "exact", "f64"]);
