import { requireInteger } from "../errors.ts";
import type { Tokens } from "./model_file.ts";
import type { TensorCopy, Tensors } from "../runtime/state_dict.ts";

/** Vectors for tokens that were learned elsewhere, in the place of an embedding's width: made by `pretrained`. */
export interface PretrainedEmbedding {
  /** Whether training leaves them as they are. */
  readonly frozen: boolean;
  /** How the embedding of these tokens begins. */
  start(tokens: Tokens): EmbeddingStart;
}

/** How an embedding begins. */
export interface EmbeddingStart {
  /** Elements of a vector. */
  readonly width: number;
  /** The weight `[tokens, width]`, from the random one that it would have. */
  fill?(weight: TensorCopy): TensorCopy;
}

/** What an option says of an embedding of these tokens. */
export function embeddingStart(given: number | PretrainedEmbedding, tokens: Tokens): EmbeddingStart {
  return typeof given === "object" ? given.start(tokens) : { width: requireInteger("embedding", given, 1) };
}

/** The first values of embeddings, by the names of their weights. */
export function firstValues(starts: Readonly<Record<string, EmbeddingStart | undefined>>) {
  return (parameters: ReadonlyMap<string, TensorCopy>): Tensors =>
    new Map(
      Object.entries(starts).flatMap(([name, start]) => {
        return start?.fill ? [[name, start.fill(parameters.get(name)!)]] : [];
      }),
    );
}

/** The names of those weights that training is to leave as they are. */
export function frozenNames(given: Readonly<Record<string, number | PretrainedEmbedding | undefined>>): string[] {
  return Object.entries(given).flatMap(([name, one]) => typeof one === "object" && one.frozen ? [name] : []);
}
