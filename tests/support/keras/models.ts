/** The models of models.json, which make_models.py writes. */
import packed from "../../fixtures/keras/models.json" with { type: "json" };
import type { OutputCase } from "./outputs.ts";

/** A model that Keras saved, in one or several formats. */
interface ModelCase extends OutputCase {
  /** The file of each format: `.keras`, `.weights.h5`, `.h5`, and `Keras 2`, an `.h5` file of Keras 2. */
  readonly files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
  /** The result of `to_json`, for models with a file of weights. */
  readonly config?: string;
}

const floats = (data: string) => new Float32Array(Uint8Array.fromBase64(data).buffer);

/** Decodes gzip in base64. */
export async function unpacked(data: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([Uint8Array.fromBase64(data)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

interface PackedCase {
  name: string;
  B: number;
  T: number;
  files: Record<string, string>;
  config?: string;
  sets: { x: string; y: string[] }[];
}

export const MODELS: readonly ModelCase[] = await Promise.all((packed as unknown as PackedCase[]).map(async (one) => {
  const files = await Promise.all(Object.entries(one.files).map(async ([name, data]) => [name, await unpacked(data)]));
  return {
    ...one,
    files: Object.fromEntries(files),
    sets: one.sets.map(({ x, y }) => ({ x: floats(x), y: y.map(floats) })),
  };
}));

/** The case of a name. */
export function caseNamed(name: string): ModelCase {
  return MODELS.find((one) => one.name === name)!;
}
