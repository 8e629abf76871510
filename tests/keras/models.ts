/** The models of models.json (see make_models.py). */
import packed from "./models.json" with { type: "json" };
import type { OutputCase } from "./outputs.ts";

/** A model that Keras has saved, in one format or several. */
export interface ModelCase extends OutputCase {
  /** `.keras`, `.weights.h5`, `.h5`, and the last in the form of `Keras 2`. */
  readonly files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
  /** What `to_json` gives, where there are weights alone. */
  readonly config?: string;
}

const floats = (data: string) => new Float32Array(Uint8Array.fromBase64(data).buffer);

async function unpacked(data: string): Promise<Uint8Array<ArrayBuffer>> {
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

/** A case by name. */
export function caseNamed(name: string): ModelCase {
  return MODELS.find((one) => one.name === name)!;
}
