import { findRuntime } from './load-runtime';
import { loadNative } from './load-native';
import { digestFile } from './models/digest';
import { checkAtLoad } from './models/doctor/at-load';
import { resolveModel, type ResolvedModel } from './models/resolve';
import type { NativeEngine, NativeLoadOptions } from './native-api';
import { toRerankError } from './native-failure';
import { checkRerankerOptions, invalidOption, maxLengthFor } from './options';
import type { ModelFile, ModelInfo, RerankerOptions } from './types';

export interface LoadedModel {
  engine: NativeEngine;
  info: ModelInfo;
}

/** Loads and digests at the same time; whatever fails first ends the other. */
async function loadAndDigest(options: NativeLoadOptions): Promise<[NativeEngine, ModelFile, ModelFile]> {
  const stop = new AbortController();
  const loading = loadNative().load(options);
  const digests = [options.modelPath, options.tokenizerPath].map((path) => digestFile(path, stop.signal));
  try {
    const [engine, model, tokenizer] = await Promise.all([loading, ...digests] as const);
    return [engine, model!, tokenizer!];
  } catch (error) {
    stop.abort();
    const [engine] = await Promise.allSettled([loading, ...digests]);
    if (engine.status === 'fulfilled') await engine.value.close();
    throw toRerankError(error);
  }
}

function describe(
  resolved: ResolvedModel,
  options: NativeLoadOptions,
  engine: NativeEngine,
  files: ModelInfo['files'],
) {
  const { provider, providerReason, runtimeVersion } = engine.info;
  const info: ModelInfo = {
    model: resolved.model,
    architecture: resolved.architecture,
    dtype: resolved.dtype,
    maxLength: options.maxLength,
    truncation: options.truncation,
    threads: options.threads,
    provider: Object.freeze({
      asked: Object.freeze([...options.executionProviders]),
      got: provider,
      reason: providerReason,
    }),
    runtime: Object.freeze({ version: runtimeVersion, library: options.runtimePath }),
    files: Object.freeze({ model: Object.freeze(files.model), tokenizer: Object.freeze(files.tokenizer) }),
  };
  return Object.freeze(info);
}

/** From a model's name and the caller's options to a running engine and its description. */
export async function loadModel(model: string, options?: RerankerOptions): Promise<LoadedModel> {
  if (typeof model !== 'string' || model === '') throw invalidOption('a folder or the name of a model', 'model', model);
  const { dtype, maxLength, ...checked } = checkRerankerOptions(options);
  const resolved = await resolveModel(model, dtype);
  const nativeOptions: NativeLoadOptions = {
    ...checked,
    maxLength: maxLengthFor(maxLength, resolved.maxTokens),
    modelPath: resolved.modelPath,
    tokenizerPath: resolved.tokenizerPath,
    runtimePath: findRuntime(),
  };
  await checkAtLoad(resolved, nativeOptions.maxLength);
  const [engine, modelFile, tokenizerFile] = await loadAndDigest(nativeOptions);
  return { engine, info: describe(resolved, nativeOptions, engine, { model: modelFile, tokenizer: tokenizerFile }) };
}
