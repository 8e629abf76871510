import { assertThrows } from "@std/assert";
import { elman, gru, lstm, OptionError } from "../../mod.ts";
import { conformance } from "./conformance.ts";

conformance("elman, tanh", () => elman());
conformance("elman, relu", () => elman({ activation: "relu" }));
conformance("lstm", () => lstm());
conformance("gru, reset after", () => gru());
conformance("gru, reset before", () => gru({ reset: "before" }));

Deno.test("a cell refuses a variant that it does not have", () => {
  assertThrows(() => elman({ activation: "sigmoid" as "tanh" }), OptionError, '"activation"');
  assertThrows(() => gru({ reset: "never" as "after" }), OptionError, '"reset"');
});
