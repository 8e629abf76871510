import { elman, gru, lstm } from "../../mod.ts";
import { conformance } from "../support/cells/conformance.ts";
import { VARIANTS } from "../support/cells/variants.ts";

conformance("elman, tanh", () => elman());
conformance("elman, relu", () => elman({ activation: "relu" }));
conformance("lstm", () => lstm());
conformance("gru, reset after", () => gru());
conformance("gru, reset before", () => gru({ reset: "before" }));

for (const [name, cell] of Object.entries(VARIANTS)) conformance(name, cell);
