import { assertRejects } from "@std/assert";
import { FormatError, LanguageModel, readSafetensors, Vocabulary, writeSafetensors } from "../../mod.ts";
import { Seq2Seq } from "../../models.ts";

const TEXT = "abracadabra, said the wizard. ".repeat(20), KEY = "unroll.model";

Deno.test("a model refuses the file of another kind of model and names the kind", async () => {
  using model = await LanguageModel.create(TEXT, { hidden: [4] });
  const { tensors, metadata } = readSafetensors(model.save());
  await assertRejects(() => Seq2Seq.load(model.save()), FormatError, "the file is that of a language model");
  const letters = Vocabulary.characters("ab");
  using other = await Seq2Seq.create({ source: letters, target: letters, hidden: 4 });
  await assertRejects(() => LanguageModel.load(other.save()), FormatError, "that of a sequence-to-sequence model");
  const changed = (text: string) => () => LanguageModel.load(writeSafetensors(tensors, { [KEY]: text }));
  await assertRejects(changed("null"), FormatError, "its version must be an integer from 1 to 1, got undefined");
  await assertRejects(changed("["), FormatError, "is not JSON");
  const without = metadata[KEY].replace('"vocabulary"', '"words"');
  await assertRejects(changed(without), FormatError, 'has no "vocabulary"');
});
