/** Breaks a text that arrives in pieces into lines, between words. Empty lines before the first word are left out. */
export class Page {
  readonly #width: number;
  readonly #print: (text: string) => void;
  #column = 0;
  #gap = "";
  #word = "";
  #begun = false;

  /** Lines of at most `width` characters, given to `print` word by word. */
  constructor(width: number, print: (text: string) => void) {
    this.#width = width;
    this.#print = print;
  }

  put(piece: string): void {
    for (const character of printable(piece)) {
      if (character === "\n") this.#break();
      else if (character === " ") this.#space();
      else this.#letter(character);
    }
  }

  end(): void {
    this.#break();
  }

  #letter(character: string): void {
    this.#word += character;
    if (this.#word.length >= this.#width) this.#flush();
  }

  #space(): void {
    this.#flush();
    this.#gap += " ";
  }

  #break(): void {
    this.#flush();
    this.#newLine();
  }

  #flush(): void {
    if (this.#word === "") return;
    if (this.#column > 0 && this.#column + this.#gap.length + this.#word.length > this.#width) this.#newLine();
    this.#print(this.#gap + this.#word);
    this.#begun = true;
    this.#column += this.#gap.length + this.#word.length;
    this.#gap = this.#word = "";
  }

  #newLine(): void {
    if (this.#begun) this.#print("\n");
    this.#gap = "";
    this.#column = 0;
  }
}

/** Without the characters that would move the cursor or change colours. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll("\t", "    ").replace(/[\0-\x09\x0b-\x1f\x7f-\x9f]/g, "");
}
