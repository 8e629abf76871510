import { FormatError, OptionError, requireBytes } from "../../errors.ts";

/** What has bytes: the content of a file, or a `File`, a `Blob` or a `Response` of the platform. */
export type TfjsBytes = Uint8Array | ArrayBuffer | { arrayBuffer(): Promise<ArrayBuffer> };

/** Reads a file. Paths are relative to the folder of the model. */
export type ReadFile = (path: string) => TfjsBytes | Promise<TfjsBytes>;

/** A file that the user picked, or that a form has: a `File`. */
export interface TfjsFile {
  /** The name. */
  readonly name: string;
  /** The content. */
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** A model in memory, as the handlers of TensorFlow.js get and return it, and as IndexedDB has it. */
export interface TfjsArtifacts {
  /** The layers. */
  readonly modelTopology?: object;
  /** The names and shapes of the weights. */
  readonly weightSpecs?: readonly object[];
  /** The numbers of the weights. */
  readonly weightData?: Uint8Array | ArrayBuffer | readonly ArrayBuffer[];
  /** The artefacts, in a record of IndexedDB. */
  readonly modelArtifacts?: TfjsArtifacts;
}

/** Where a model is: a function that reads its files, its files by path or in any order, or the model in memory. */
export type TfjsSource = ReadFile | ReadonlyMap<string, TfjsBytes> | Iterable<TfjsFile> | TfjsArtifacts;

/** The files of a model. */
export interface TfjsFiles {
  /** The name of the JSON file. */
  readonly model: string;
  /**
   * Reads a file.
   *
   * @throws {FormatError} When there is none. Errors of a function of the caller are passed on.
   */
  read(path: string): Promise<Uint8Array>;
}

/** The name that the weights of a model in memory get. */
const WEIGHTS = "weightData";

/**
 * The files of a model.
 *
 * @param model The name of the JSON file.
 * @throws {FormatError} When picked files have no JSON, or several.
 */
export function filesOf(source: TfjsSource, model: string): TfjsFiles {
  if (typeof source === "function") return { model, read: async (path) => await bytesOf(path, await source(path)) };
  if (typeof source !== "object" || source === null) {
    throw new OptionError(`Cannot read ${model}: expected a function, files, or a model, got ${typeof source}`);
  }
  if (source instanceof Map) return filesOf((path) => source.get(path)!, model);
  if (Symbol.iterator in source) return pickedFiles([...source as Iterable<TfjsFile>], model);
  const { modelArtifacts = source as TfjsArtifacts } = source as TfjsArtifacts;
  return artifactFiles(modelArtifacts);
}

/** Files that the user picked. The browser may have changed their names when it saved them. */
function pickedFiles(given: readonly TfjsFile[], model: string): TfjsFiles {
  const files = given.filter(({ name }) => typeof name === "string");
  const names = files.map(({ name }) => JSON.stringify(name)).join(", ");
  const jsons = files.filter(({ name }) => name.endsWith(".json"));
  const json = jsons.find(({ name }) => name === model) ?? jsons[0];
  if (!json || (json.name !== model && jsons.length > 1)) {
    throw new FormatError(
      `Cannot read ${model}: expected one file .json among the picked ones, got ${names || "none"}`,
    );
  }
  const others = files.filter((file) => file !== json);
  return {
    model: json.name,
    read(path) {
      const name = path.slice(path.lastIndexOf("/") + 1);
      const exact = path === json.name ? json : others.find((file) => file.name === name);
      const file = exact ?? (others.length === 1 ? others[0] : undefined);
      if (file) return bytesOf(path, file);
      throw new FormatError(`Cannot read ${JSON.stringify(path)}: it is not among the picked files, ${names}`);
    },
  };
}

/** The model in memory as files. */
function artifactFiles({ modelTopology, weightSpecs, weightData }: TfjsArtifacts): TfjsFiles {
  const model = "the model";
  const lists = Array.isArray(weightData) ? weightData as ArrayBuffer[] : [weightData ?? new Uint8Array()];
  return {
    model,
    async read(path) {
      if (path !== model) return joined(await Promise.all(lists.map((list) => bytesOf(path, list as TfjsBytes))));
      const weightsManifest = [{ paths: [WEIGHTS], weights: weightSpecs }];
      // A graph model has its topology as bytes, or with nodes.
      const isLayers = modelTopology && !("byteLength" in modelTopology) && !("node" in modelTopology);
      const format = isLayers ? "layers-model" : modelTopology && "graph-model";
      try {
        return new TextEncoder().encode(JSON.stringify({ format, modelTopology, weightsManifest }));
      } catch (error) {
        throw new FormatError(`Cannot read ${model}: it is no JSON: ${(error as Error).message}`);
      }
    },
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

/** The content of a file. A function that looks up names may return nothing. */
async function bytesOf(path: string, content: TfjsBytes): Promise<Uint8Array> {
  const refuse = (reason: string) => new FormatError(`Cannot read ${JSON.stringify(path)}: ${reason}`);
  const { ok, status } = (content ?? {}) as { ok?: boolean; status?: number };
  if (ok === false) throw refuse(`the server answers ${status}`);
  const isRead = typeof content === "object" && content !== null && "arrayBuffer" in content;
  const bytes: unknown = isRead ? await content.arrayBuffer() : content;
  try {
    return requireBytes(path, bytes);
  } catch (error) {
    throw refuse((error as Error).message);
  }
}
