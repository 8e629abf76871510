/** How `Vocabulary.words` cuts every character of Unicode, behind letters, before them, and beside each other. */
import { Vocabulary } from "../../mod.ts";

/** The hash (FNV-1a) of all tokens. */
export function hashOfWords(): number {
  const vocabulary = Vocabulary.words("a", { special: ["<unk>"] });
  let hash = 0x811c9dc5;
  for (let code = 0; code < 0x110000; code += 256) {
    if (code >= 0x40000 && code < 0xe0000) continue; // Nothing is assigned here.
    const characters = Array.from({ length: 256 }, (_, i) => String.fromCodePoint(code + i));
    for (const token of vocabulary.split(characters.map((one) => `a${one}b 1${one}${one} `).join(""))) {
      for (let i = 0; i <= token.length; i++) {
        hash = Math.imul(hash ^ (i < token.length ? token.charCodeAt(i) : 0x1ffff), 0x01000193);
      }
    }
  }
  return hash >>> 0;
}
