import { basename, dirname } from 'node:path';
import { RerankError } from './errors';
import { findRuntime } from './load-runtime';
import { loadNative } from './load-native';
import { digestFolder, weightCacheFolder } from './models/cache';
import { digestFile } from './models/digest';
import { checkOneLabel, checkTokenizer, checkWeights } from './models/doctor/at-load';
import { resolveModel, type ResolvedModel } from './models/resolve';
import type { Weights } from './models/weights';
import { weightBytes } from './models/weights-graph';
import type { NativeEngine, NativeLoadOptions } from './native-api';
import { toRerankError } from './native-failure';
import { checkRerankerOptions, invalidOption, maxLengthFor } from './options';
import type { ModelFile, ModelInfo, RerankerOptions } from './types';

export interface LoadedModel {
  engine: NativeEngine;
  info: ModelInfo;
}

type Loaded = [NativeEngine, ModelFile, ModelFile];

/** Loads and digests at the same time; whatever fails first ends the other. */
async function loadAndDigest(options: NativeLoadOptions): Promise<Loaded> {
  const stop = new AbortController();
  const loading = loadNative().load(options);
  const memo = options.weightCacheFolder && digestFolder();
  const digests = [options.modelPath, options.tokenizerPath].map((path) => digestFile(path, stop.signal, memo));
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

/** Loads what the checks let pass. */
async function loadChecked({ native }: Attempt, unusedPositions: number): Promise<Loaded> {
  const { modelPath, tokenizerPath, maxLength } = native;
  const graph = await checkWeights(modelPath, unusedPositions, maxLength);
  if (native.engine === 'packed') checkOneLabel(graph, modelPath);
  const loaded = await loadAndDigest({ ...native, weightBytes: await weightBytes(graph, modelPath) });
  const [engine] = loaded;
  try {
    checkTokenizer(engine.info.vocabulary, graph, tokenizerPath);
    return loaded;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** What the caller's options and the folder's files come to, before it is decided what runs the model. */
type CommonOptions = Pick<
  NativeLoadOptions,
  'tokenizerPath' | 'executionProviders' | 'threads' | 'maxLength' | 'truncation' | 'maxQueuedTokens'
>;

interface Attempt {
  native: Omit<NativeLoadOptions, 'weightBytes'>;
  reason: string;
}

function packedAttempt(common: CommonOptions, { path, dtype }: Weights, weightCache: boolean): Attempt {
  return {
    native: {
      ...common,
      engine: 'packed',
      modelPath: path,
      runtimePath: '',
      configFolder: dirname(common.tokenizerPath),
      dtype,
      weightCacheFolder: weightCache ? weightCacheFolder() : '',
    },
    reason: `${dtype} on our own kernels, made from ${basename(path)}`,
  };
}

function onnxAttempt(common: CommonOptions, { path, dtype }: Weights, reason: string): Attempt {
  const native: Attempt['native'] = {
    ...common,
    engine: 'onnxruntime',
    modelPath: path,
    runtimePath: findRuntime(),
    configFolder: '',
    dtype,
    weightCacheFolder: '',
  };
  return { native, reason };
}

/** An exporter may have renamed, fused or reshaped weights that ONNX Runtime has no trouble with. */
const NOT_FOR_OUR_KERNELS: ReadonlySet<string> = new Set(['MODEL_UNSUPPORTED', 'MODEL_INVALID']);

/** Our own kernels where they can run the model, else ONNX Runtime. */
async function load(
  { packed, onnx, unusedPositions }: ResolvedModel,
  common: CommonOptions,
  weightCache: boolean,
): Promise<Attempt & { loaded: Loaded }> {
  let reason = `${basename(onnx?.path ?? '')} runs on ONNX Runtime`;
  if (packed) {
    const attempt = packedAttempt(common, packed, weightCache);
    try {
      return { ...attempt, loaded: await loadChecked(attempt, unusedPositions) };
    } catch (error) {
      if (!onnx || !(error instanceof RerankError) || !NOT_FOR_OUR_KERNELS.has(error.code)) throw error;
      reason += `, since our own kernels cannot run the model: ${error.message}`;
    }
  }
  const attempt = onnxAttempt(common, onnx!, reason);
  return { ...attempt, loaded: await loadChecked(attempt, unusedPositions) };
}

function describe(model: ResolvedModel, { native, reason, loaded }: Attempt & { loaded: Loaded }): ModelInfo {
  const [engine, modelFile, tokenizerFile] = loaded;
  const { provider, providerReason, runtimeVersion, instructionSet } = engine.info;
  const info: ModelInfo = {
    model: model.model,
    architecture: model.architecture,
    dtype: native.dtype,
    maxLength: native.maxLength,
    truncation: native.truncation,
    threads: native.threads,
    provider: Object.freeze({
      asked: Object.freeze([...native.executionProviders]),
      got: provider,
      reason: providerReason,
    }),
    engine: Object.freeze({ name: native.engine, ...(instructionSet && { instructionSet }), reason }),
    ...(runtimeVersion && { runtime: Object.freeze({ version: runtimeVersion, library: native.runtimePath }) }),
    files: Object.freeze({ model: Object.freeze(modelFile), tokenizer: Object.freeze(tokenizerFile) }),
  };
  return Object.freeze(info);
}

/** From a model's name and the caller's options to a running engine and its description. */
export async function loadModel(model: string, options?: RerankerOptions): Promise<LoadedModel> {
  if (typeof model !== 'string' || model === '') throw invalidOption('a folder or the name of a model', 'model', model);
  const { dtype, maxLength, weightCache, ...checked } = checkRerankerOptions(options);
  const resolved = await resolveModel(model, dtype, checked.executionProviders);
  const common: CommonOptions = {
    ...checked,
    maxLength: maxLengthFor(maxLength, resolved.maxTokens),
    tokenizerPath: resolved.tokenizerPath,
  };
  const result = await load(resolved, common, weightCache);
  return { engine: result.loaded[0], info: describe(resolved, result) };
}
