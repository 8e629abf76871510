import { int8Of, type KernelOptions } from "../../kernels/builds.ts";
import { readOptions } from "../../options.ts";
import { load } from "../../runtime/load.ts";
import type { Tensors } from "../../runtime/state_dict.ts";
import { CLASSIFIER, SequenceClassifierRunner } from "./classifier.ts";
import { GENERATOR, SequenceGeneratorRunner } from "./generator.ts";
import { LANGUAGE_MODEL, LanguageModelRunner } from "./language_model.ts";
import { type ModelKind, netsOf, type RunnableModel, RUNNER, type RunnerOptions } from "./model.ts";
import { type ModelDescription, orRefuse, readModel } from "./model_file.ts";
import { int8Tensors, ModelParameters, NetPool, type SessionSize } from "./net_pool.ts";
import { REGRESSOR, SequenceRegressorRunner } from "./regressor.ts";
import { SEQ2SEQ, Seq2SeqRunner } from "./seq2seq.ts";
import { SequenceTaggerRunner, TAGGER } from "./tagger.ts";

export type { RunnerOptions };

/**
 * Load what `SequenceClassifier.save` wrote, to run the model with the kernels of forward passes.
 *
 * @throws {FormatError} When the bytes are not such a file.
 */
export async function loadSequenceClassifier(
  bytes: Uint8Array | ArrayBuffer,
  options: RunnerOptions = {},
): Promise<SequenceClassifierRunner> {
  return new SequenceClassifierRunner(await loadRunnable(CLASSIFIER, bytes, options));
}

/**
 * Load what `SequenceRegressor.save` wrote, to run the model with the kernels of forward passes.
 *
 * @throws {FormatError} When the bytes are not such a file.
 */
export async function loadSequenceRegressor(
  bytes: Uint8Array | ArrayBuffer,
  options: RunnerOptions = {},
): Promise<SequenceRegressorRunner> {
  return new SequenceRegressorRunner(await loadRunnable(REGRESSOR, bytes, options));
}

/**
 * Load what `SequenceTagger.save` wrote, to run the model with the kernels of forward passes.
 *
 * @throws {FormatError} When the bytes are not such a file.
 */
export async function loadSequenceTagger(
  bytes: Uint8Array | ArrayBuffer,
  options: RunnerOptions = {},
): Promise<SequenceTaggerRunner> {
  return new SequenceTaggerRunner(await loadRunnable(TAGGER, bytes, options));
}

/**
 * Load what `LanguageModel.save` wrote, to run the model with the kernels of forward passes.
 *
 * @throws {FormatError} When the bytes are not such a file.
 */
export async function loadLanguageModel(
  bytes: Uint8Array | ArrayBuffer,
  options: RunnerOptions = {},
): Promise<LanguageModelRunner> {
  return new LanguageModelRunner(await loadRunnable(LANGUAGE_MODEL, bytes, options));
}

/**
 * Load what `SequenceGenerator.save` wrote, to run the model with the kernels of forward passes.
 *
 * @throws {FormatError} When the bytes are not such a file.
 */
export async function loadSequenceGenerator(
  bytes: Uint8Array | ArrayBuffer,
  options: RunnerOptions = {},
): Promise<SequenceGeneratorRunner> {
  return new SequenceGeneratorRunner(await loadRunnable(GENERATOR, bytes, options));
}

/**
 * Load what `Seq2Seq.save` wrote, to run the model with the kernels of forward passes.
 *
 * @throws {FormatError} When the bytes are not such a file.
 */
export async function loadSeq2Seq(
  bytes: Uint8Array | ArrayBuffer,
  options: RunnerOptions = {},
): Promise<Seq2SeqRunner> {
  return new Seq2SeqRunner(await loadRunnable(SEQ2SEQ, bytes, options));
}

/** The model of a file. */
async function loadRunnable<Description extends ModelDescription>(
  kind: ModelKind<Description>,
  bytes: Uint8Array | ArrayBuffer,
  options: RunnerOptions,
): Promise<RunnableModel<Description>> {
  const { numerics, kernels, ...own } = readOptions(`the load of a ${kind.name}`, RUNNER, options);
  const { description, tensors } = readModel(kind, bytes, own);
  return await orRefuse(kind, () => runnable(kind, description, tensors, { numerics, kernels }));
}

async function runnable<Description extends ModelDescription>(
  kind: ModelKind<Description>,
  description: Description,
  tensors: Tensors,
  options: KernelOptions,
): Promise<RunnableModel<Description>> {
  const both = netsOf(kind, description);
  const first = await load(both.running, tensors, { ...kind.size(description), ...options });
  const parameters = new ModelParameters(first);
  const compile = (size: SessionSize) => load(both.running, first.parameters(), { ...size, ...options });
  const nets = new NetPool(parameters, compile);
  const int8 = description.weights && int8Of(options);
  const quantize: RunnableModel<Description>["quantize"] = (kernels = options.kernels) => {
    const all = { ...options, kernels };
    return runnable(kind, { ...description, weights: "int8" }, int8Tensors(parameters.owner, all), all);
  };
  return { kind: kind.name, description, ...both, parameters, nets, int8, quantize };
}
