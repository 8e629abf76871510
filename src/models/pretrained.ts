import { OptionError, requireInteger, requireNumber, ShapeError } from "../errors.ts";
import type { EmbeddingStart, PretrainedEmbedding } from "./embedding_start.ts";
import type { Tokens } from "./model_file.ts";
import type { TensorCopy } from "../runtime/state_dict.ts";

/** Vectors by word, or a matrix `[tokens, width]`, row-major. */
export type Vectors = ReadonlyMap<string, ArrayLike<number>> | {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
};

/** Options of `pretrained`. */
export interface PretrainedOptions {
  /** Whether training leaves the vectors as they are, those of tokens that had none too. Default false. */
  frozen?: boolean;
}

/**
 * Vectors that were learned elsewhere, for the option `embedding` of every model.
 *
 * By word: all of one width. A token of the vocabulary begins with its own vector, or else that of the same word without
 * the space before it, or else of that in lower case; a token that has none begins with random numbers of the deviation
 * that the others have. A matrix has a row for each id.
 *
 * The model refuses them with a ShapeError when they are not of one width, or not as many as there are tokens; with an
 * OptionError when no token has one, or a number is not finite.
 *
 * @example
 * ```ts
 * import { LanguageModel, readSafetensors } from "@unroll/rnn";
 * import { pretrained } from "@unroll/rnn/models";
 * import { assertEquals } from "@std/assert";
 *
 * const vectors = new Map([["whale", [0.5, 1]], ["sea", [-0.5, 0.25]]]);
 * const embedding = pretrained(vectors, { frozen: true }), text = "whale sea, whale sea, ".repeat(9);
 * using model = await LanguageModel.create(text, { tokens: "words", embedding, hidden: [8] });
 * for await (const event of model.fit(text, { batch: 2, unroll: 4 })) void event;
 * const weight = readSafetensors(model.save()).tensors.get("embedding.weight")!, id = model.vocabulary.id(" sea")!;
 * assertEquals([...weight.data.slice(2 * id, 2 * id + 2)], [-0.5, 0.25]);
 * ```
 */
export function pretrained(vectors: Vectors, { frozen = false }: PretrainedOptions = {}): PretrainedEmbedding {
  return {
    frozen,
    start: (tokens) => vectors instanceof Map ? ofWords(vectors, tokens) : ofIds(vectors as Matrix, tokens),
  };
}

type Matrix = Exclude<Vectors, ReadonlyMap<string, unknown>>;
/** A row for each id, undefined where a token has none. */
type Rows = readonly (ArrayLike<number> | undefined)[];

function ofIds({ shape, data }: Matrix, tokens: Tokens): EmbeddingStart {
  const size = typeof tokens === "number" ? tokens : tokens.size, [rows, width] = shape ?? [];
  if (shape?.length !== 2 || rows !== size || data.length !== rows * width) {
    throw new ShapeError(
      `The vectors must be a matrix with a row for each of ${size} tokens, got shape [${shape}], ${data?.length} elements`,
    );
  }
  const row = (id: number) => Float64Array.from({ length: width }, (_, i) => data[id * width + i]);
  return start(width, Array.from({ length: size }, (_, id) => row(id)));
}

function ofWords(vectors: ReadonlyMap<string, ArrayLike<number>>, tokens: Tokens): EmbeddingStart {
  if (typeof tokens === "number") throw new OptionError("Vectors by word need a vocabulary: give a matrix for ids");
  const rows = tokens.tokens.map((token) => {
    const word = token.trim();
    return vectors.get(token) ?? vectors.get(word) ?? vectors.get(word.toLowerCase());
  });
  const first = rows.find((row) => row !== undefined);
  if (!first) throw new OptionError(`The vectors must have some of the vocabulary's ${tokens.size} tokens, got none`);
  rows.forEach((row, id) => {
    if (!row || row.length === first.length) return;
    const token = JSON.stringify(tokens.tokens[id]);
    throw new ShapeError(`The vectors must be of one width, got ${first.length}, and ${row.length} for ${token}`);
  });
  return start(first.length, rows);
}

function start(width: number, rows: Rows): EmbeddingStart {
  requireInteger("width of the vectors", width, 1);
  let sum = 0, squares = 0, n = 0;
  for (const row of rows) {
    for (let i = 0; row && i < width; i++, n++) {
      sum += requireNumber("vectors", row[i]);
      squares += row[i] * row[i];
    }
  }
  const deviation = Math.sqrt(Math.max(0, squares / n - (sum / n) * (sum / n)));
  return {
    width,
    fill({ shape, data }: TensorCopy) {
      const filled = data.map((value) => value * deviation); // it was drawn with deviation 1
      rows.forEach((row, id) => row && filled.set(Array.from(row), id * width));
      return { shape, data: filled };
    },
  };
}
