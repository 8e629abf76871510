import { OptionError, requireInteger, requireNumber, ShapeError } from "../errors.ts";
import { type Check, count, flag, readOptions, requireMade, type Table } from "../options.ts";
import type { TensorCopy, Tensors } from "../runtime/state_dict.ts";
import type { Tokens } from "./run/sequences.ts";

/** Vectors that were learned elsewhere, given in the place of an embedding's width. Made by `pretrained`. */
export interface PretrainedEmbedding {
  /** Whether training leaves the vectors unchanged. */
  readonly frozen: boolean;
  /** The initial embedding of these tokens. */
  start(tokens: Tokens): EmbeddingStart;
}

/** The initial values of an embedding. */
export interface EmbeddingStart {
  /** Elements of a vector. */
  readonly width: number;
  /** The initial weight `[tokens, width]`, made from the random one that the embedding would have. */
  fill?(weight: TensorCopy): TensorCopy;
}

/** Vectors by word, or a matrix `[tokens, width]`, row-major. */
export type Vectors = ReadonlyMap<string, ArrayLike<number>> | {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
};

/** Options of `pretrained`. */
export interface PretrainedOptions {
  /**
   * Whether training leaves all vectors unchanged, including those of tokens that had none.
   *
   * @default {false}
   */
  frozen?: boolean;
}

const PRETRAINED = { frozen: [flag, false] } satisfies Table<PretrainedOptions>;

/** The check of an option that is the width of an embedding, or vectors. */
export const embedding: Check<number | PretrainedEmbedding> = (name, value) =>
  typeof value === "object" ? requireMade(name, value, "start", "a width, or pretrained(vectors)") : count(name, value);

type Matrix = Exclude<Vectors, ReadonlyMap<string, unknown>>;

/**
 * Vectors that were learned elsewhere, for the option `embedding` of every model.
 *
 * Vectors by word have one width. A token of the vocabulary starts with its own vector, else with the vector of the
 * same word without the space that version 0.1 had before it, else with the vector of that word in lower case. A token
 * without a vector starts with random numbers of the same deviation as the given vectors. A matrix has one row for each
 * id.
 *
 * The model refuses vectors by a ShapeError when their widths differ or their number is not the number of tokens, by an
 * OptionError when no token has a vector or a number is not finite.
 *
 * @example
 * ```ts
 * import { LanguageModel, readSafetensors } from "@unroll/rnn";
 * import { pretrained } from "@unroll/rnn/models";
 * import { assertEquals } from "@std/assert";
 *
 * const vectors = new Map([["whale", [0.5, 1]], ["sea", [-0.5, 0.25]]]);
 * const embedding = pretrained(vectors, { frozen: true }), text = "whale sea, whale sea, ".repeat(9);
 * const model = await LanguageModel.create(text, { tokens: "words", embedding, hidden: [8] });
 * for await (const event of model.fit(text, { batch: 2, unroll: 4 })) void event;
 * const weight = readSafetensors(model.save()).tensors.get("embedding.weight")!, id = model.vocabulary.id("sea")!;
 * assertEquals([...weight.data.slice(2 * id, 2 * id + 2)], [-0.5, 0.25]);
 * model.dispose();
 * ```
 */
export function pretrained(vectors: Vectors, options: PretrainedOptions = {}): PretrainedEmbedding {
  const { frozen } = readOptions("pretrained", PRETRAINED, options);
  return {
    frozen,
    start: (tokens) => vectors instanceof Map ? startByWord(vectors, tokens) : startById(vectors as Matrix, tokens),
  };
}

/** The initial embeddings of a model, by the names of their weights. */
export class EmbeddingStarts {
  /** Names of the weights that training leaves unchanged. */
  readonly frozen: string[] = [];
  readonly #starts = new Map<string, EmbeddingStart>();

  /**
   * Add an embedding of these tokens.
   *
   * @param embedding The option of the model: a width or pretrained vectors.
   * @returns The width of the embedding.
   */
  add(weight: string, embedding: number | PretrainedEmbedding, tokens: Tokens): number {
    if (typeof embedding !== "object") return embedding;
    const start = embedding.start(tokens);
    this.#starts.set(weight, start);
    if (embedding.frozen) this.frozen.push(weight);
    return start.width;
  }

  /** The initial weights that differ from the net's random ones. */
  readonly weights = (parameters: ReadonlyMap<string, TensorCopy>): Tensors =>
    new Map(
      [...this.#starts].flatMap(([name, start]) => start.fill ? [[name, start.fill(parameters.get(name)!)]] : []),
    );
}

function startById({ shape, data }: Matrix, tokens: Tokens): EmbeddingStart {
  const size = typeof tokens === "number" ? tokens : tokens.size;
  const [rows, width] = shape ?? [];
  if (shape?.length !== 2 || rows !== size || data.length !== rows * width) {
    const got = `shape [${shape}], ${data?.length} elements`;
    throw new ShapeError(`The vectors must be a matrix with a row for each of ${size} tokens, got ${got}`);
  }
  const vectorOf = (id: number) => Float64Array.from({ length: width }, (_, i) => data[id * width + i]);
  return startFrom(width, Array.from({ length: size }, (_, id) => vectorOf(id)));
}

function startByWord(vectors: ReadonlyMap<string, ArrayLike<number>>, tokens: Tokens): EmbeddingStart {
  if (typeof tokens === "number") throw new OptionError("Vectors by word need a vocabulary: give a matrix for ids");
  const found = tokens.tokens.map((token) => {
    const word = token.trim();
    return vectors.get(token) ?? vectors.get(word) ?? vectors.get(word.toLowerCase());
  });
  const first = found.find((vector) => vector !== undefined);
  if (!first) throw new OptionError(`The vectors must have some of the vocabulary's ${tokens.size} tokens, got none`);
  found.forEach((vector, id) => {
    if (!vector || vector.length === first.length) return;
    const token = JSON.stringify(tokens.tokens[id]);
    throw new ShapeError(`The vectors must be of one width, got ${first.length}, and ${vector.length} for ${token}`);
  });
  return startFrom(first.length, found);
}

/** An embedding with a vector for each id, undefined for tokens that have none. */
function startFrom(width: number, vectors: readonly (ArrayLike<number> | undefined)[]): EmbeddingStart {
  requireInteger("width of the vectors", width, 1);
  let sum = 0, squares = 0, n = 0;
  for (const vector of vectors) {
    for (let i = 0; vector && i < width; i++, n++) {
      sum += requireNumber("vectors", vector[i]);
      squares += vector[i] * vector[i];
    }
  }
  const deviation = Math.sqrt(Math.max(0, squares / n - (sum / n) * (sum / n)));
  return {
    width,
    fill({ shape, data }: TensorCopy) {
      const filled = data.map((value) => value * deviation); // The random weight has deviation 1.
      vectors.forEach((vector, id) => vector && filled.set(Array.from(vector), id * width));
      return { shape, data: filled };
    },
  };
}
