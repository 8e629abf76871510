/** Prints the hash of the words of every character. */
import { hashOfWords } from "../every_character.ts";

console.log(hashOfWords());
