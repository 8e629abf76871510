import { OptionError, requireBelow, requireInteger } from "../errors.ts";

/**
 * Tokens of another library, such as byte pairs (BPE). What `JSON.stringify` makes of a tokenizer stands in the files
 * of its models, so a `toJSON` can say which tokenizer it is.
 */
export interface Tokenizer {
  /** The number of tokens V; ids are 0 to V - 1. */
  readonly size: number;
  /** The ids of a text. */
  encode(text: string): ArrayLike<number>;
  /** The text of ids. */
  decode(ids: number[]): string;
  /** The id of a special token, such as `<eos>`; undefined when there is none. Without `id` there are none at all. */
  id?(token: string): number | undefined;
}

/** Whether a value has the members of a tokenizer. */
export function isTokenizer(value: unknown): value is Tokenizer {
  const { size, encode, decode } = (value ?? {}) as Partial<Tokenizer>;
  return typeof size === "number" && typeof encode === "function" && typeof decode === "function";
}

/** The tokens of a tokenizer, as a vocabulary uses them. */
export class TokenizerTokens {
  readonly kind = "tokenizer";
  readonly size: number;
  readonly tokenizer: Tokenizer;
  readonly #json: unknown;
  #tokens: readonly string[] | undefined;

  /** @throws {OptionError} When the value is not a tokenizer, or JSON cannot have it. */
  constructor(tokenizer: Tokenizer) {
    if (!isTokenizer(tokenizer)) {
      throw new OptionError(`A tokenizer must have a "size" and functions "encode" and "decode"`);
    }
    this.size = requireInteger("size", tokenizer.size, 1);
    this.tokenizer = tokenizer;
    try {
      this.#json = JSON.parse(JSON.stringify(tokenizer) ?? "null");
    } catch (error) {
      throw new OptionError(`Cannot keep the tokenizer as JSON: ${(error as Error).message}; give it a "toJSON"`);
    }
  }

  /** The text of each token. A part of a character is no text: its token is "\ufffd". */
  get tokens(): readonly string[] {
    return this.#tokens ??= Object.freeze(Array.from({ length: this.size }, (_, id) => this.tokenizer.decode([id])));
  }

  id(token: string): number | undefined {
    return this.tokenizer.id?.(token);
  }

  split(text: string): string[] {
    return Array.from(this.encode(text), (id) => this.tokenizer.decode([id]));
  }

  /** @throws {OptionError} When the text is a list, or the tokenizer makes an id that is out of range. */
  encode(text: string | readonly string[]): Int32Array<ArrayBuffer> {
    if (typeof text !== "string") {
      throw new OptionError(`Cannot encode: expected a text, as the tokens are those of a tokenizer, got a list`);
    }
    return Int32Array.from(this.tokenizer.encode(text), (id, i) => {
      requireBelow("encode(text)", id, i, this.size);
      return id;
    });
  }

  decode(ids: number[]): string {
    return this.tokenizer.decode(ids);
  }

  /** Where a character has several tokens, the last one of them adds it. */
  writer(): (id: number) => string {
    const { tokenizer } = this;
    // The last tokens, whose text may depend on each other, and the part of their text that was given.
    let ids: number[] = [];
    let given = "";
    return (id) => {
      ids.push(id);
      const text = tokenizer.decode(ids);
      if (text.endsWith("\ufffd")) return "";
      const added = text.slice(given.length);
      // A token that only ends a character has no text of its own: the next token begins anew.
      const own = tokenizer.decode([id]);
      [ids, given] = text.endsWith(own) ? [[id], own] : [[], ""];
      return added;
    };
  }

  /** What JSON has of the tokenizer, null when that is nothing. */
  toJSON(): { kind: "tokenizer"; size: number; json: unknown } {
    return { kind: this.kind, size: this.size, json: this.#json };
  }
}
