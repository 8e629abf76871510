/** Invalid files of Keras are refused with one FormatError that names the faults and their places. */
import { assertStringIncludes, assertThrows } from "@std/assert";
import { unzipSync, zipSync } from "fflate";
import { FormatError } from "../../mod.ts";
import { readKeras, readKerasConfig, readKerasWeights } from "../../keras.ts";
import { caseNamed } from "../support/keras/models.ts";

const file = caseNamed("embedding").files[".keras"];

/** The error message for a `.keras` file with changed entries. */
function refusal(
  change: (entries: Record<string, Uint8Array>) => void,
  { from = file, level = 0 }: { from?: Uint8Array; level?: 0 | 6 } = {},
): string {
  const entries = unzipSync(from);
  change(entries);
  return assertThrows(() => readKeras(zipSync(entries, { level })), FormatError).message;
}

/** A change of the configuration: replaces a text. */
function edit(from: string | RegExp, to: string) {
  return (entries: Record<string, Uint8Array>) => {
    const text = new TextDecoder().decode(entries["config.json"]), other = text.replace(from, to);
    if (other === text) throw new Error(`${from} is not in the configuration`);
    entries["config.json"] = new TextEncoder().encode(other);
  };
}

Deno.test("zip files with missing or broken entries are refused", () => {
  assertStringIncludes(refusal((entries) => delete entries["config.json"]), "no config.json");
  assertStringIncludes(refusal((entries) => delete entries["model.weights.h5"]), "no model.weights.h5");
  assertStringIncludes(refusal((entries) => entries["config.json"] = new Uint8Array()), "config.json at byte 0");
  assertStringIncludes(refusal((entries) => entries["model.weights.h5"] = new Uint8Array(2000)), "HDF5 is broken");
  for (const bytes of [new Uint8Array(), Uint8Array.of(0x50, 0x4b, 3, 4), Uint8Array.of(0x89, 0x48, 0x44, 0x46)]) {
    assertThrows(() => readKeras(bytes), FormatError);
  }
});

Deno.test("a file of another kind is named", () => {
  const text = (text: string) => new TextEncoder().encode(text);
  assertThrows(() => readKeras(text("<html>")), FormatError, "expected a zip file or HDF5, got a page of HTML");
  assertThrows(() => readKeras(text("version https://git-lfs.github.com/spec/v1")), FormatError, "of Git LFS");
});

Deno.test("all unsupported layers are named", () => {
  const message = refusal((entries) => {
    edit('"class_name": "GRU"', '"class_name": "ConvLSTM1D"')(entries);
    edit('"activation": "linear"', '"activation": "gelu"')(entries);
  });
  assertStringIncludes(message, '(ConvLSTM1D): this class is not supported; layer "');
  assertStringIncludes(message, '"gelu" is not supported');
  assertStringIncludes(
    refusal(edit('"class_name": "Dense"', '"class_name": "Lambda"')),
    "contains code, which is not executed",
  );
  assertStringIncludes(
    refusal(edit('"module": "keras.layers", "class_name": "GRU"', '"module": "mine", "class_name": "GRU"')),
    "custom classes",
  );
  assertStringIncludes(refusal(edit(/"name": "float32"/g, '"name": "int8_from_float32"')), "precision");
  assertStringIncludes(refusal(edit('"units": 4', '"units": 6')), "must have shape [4, 18], got [4, 12]");
  assertStringIncludes(
    refusal(edit(/"class_name": "Sequential"/, '"class_name": "Mine"')),
    "class Sequential or Functional",
  );
  const deep = "[".repeat(2000);
  assertStringIncludes(refusal((entries) => entries["config.json"] = new TextEncoder().encode(deep)), "nesting");
});

Deno.test("weights of another model are refused with all differences", () => {
  const { config, files } = caseNamed("GRU, reset after"), model = readKeras(file);
  const { message } = assertThrows(() => readKerasWeights(model, files[".weights.h5"]), FormatError);
  assertStringIncludes(message, '"layers/embedding/vars/0", is missing');
  assertStringIncludes(message, '"layers/dense/vars/1", is missing');
  assertThrows(() => readKerasConfig(config!, files[".weights.h5"].slice(0, 3000)), FormatError, "HDF5 is broken");
  assertThrows(() => readKerasConfig("{", files[".weights.h5"]), FormatError, "configuration at byte 1");
});
