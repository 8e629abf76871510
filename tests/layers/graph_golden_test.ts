import { passes } from "../support/conformance/passes.ts";

passes("graph", ["fast", "exact", "f64"], new URL("../fixtures/graphs/", import.meta.url));
