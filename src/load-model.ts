import { basename, dirname } from 'node:path';
import { usableProviders, type UsableProviders } from './cuda/usable-providers';
import { RerankError } from './errors';
import { findRuntime } from './addon/load-runtime';
import { loadNative } from './addon/load-native';
import { digestFolder, weightCacheFolder } from './models/cache';
import { digestFile } from './models/digest';
import { checkTokenizer, checkWeights } from './checks/at-load';
import { resolveModel, type ResolvedModel } from './models/resolve';
import { resolveForCuda } from './models/resolve-for-cuda';
import type { PackedWeights, Weights } from './models/weights';
import { weightBytes } from './formats/weights-graph';
import type { NativeEngine, NativeLoadOptions } from './addon/native-api';
import { toRerankError } from './addon/native-failure';
import { checkRerankerOptions, invalidOption, maxLengthFor, threadsFor } from './options';
import type { ExecutionProvider, ModelFile, ModelInfo, RerankerOptions } from './types';

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
async function loadChecked({ native, reason }: Attempt, unusedPositions: number): Promise<LoadedAttempt> {
  const { engine: name, modelPath, tokenizerPath, maxLength } = native;
  const { graph, end } = await checkWeights(modelPath, unusedPositions, maxLength);
  const leftOut = name === 'onnxruntime' && end?.activation;
  const ends = end && { end: { output: end.output, before: leftOut ? end.logits : '' } };
  const loaded = await loadAndDigest({ ...native, ...ends, weightBytes: await weightBytes(graph, modelPath) });
  const [engine] = loaded;
  try {
    checkTokenizer(engine.info.vocabulary, graph, tokenizerPath);
    return { native, reason: leftOut ? `${reason}; its ${leftOut} at the end is left out` : reason, loaded };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** What the caller's options and the folder's files come to, before it is decided what runs the model. */
type CommonOptions = Pick<
  NativeLoadOptions,
  'tokenizerPath' | 'executionProviders' | 'cuda' | 'threads' | 'maxLength' | 'truncation' | 'maxQueuedTokens'
>;

interface Attempt {
  /** But for what the file of weights itself says. */
  native: Omit<NativeLoadOptions, 'weightBytes' | 'end'>;
  reason: string;
}

interface LoadedAttempt extends Attempt {
  loaded: Loaded;
}

function builtinAttempt(common: CommonOptions, { path, dtype, from }: PackedWeights, weightCache: boolean): Attempt {
  const source = from === 'float32' ? basename(path) : `the ${from} weights of ${basename(path)}`;
  return {
    native: {
      ...common,
      engine: 'builtin',
      modelPath: path,
      runtimePath: '',
      configFolder: dirname(common.tokenizerPath),
      dtype,
      weightCacheFolder: weightCache ? weightCacheFolder() : '',
    },
    reason: `${dtype} on our own kernels, made from ${source}`,
  };
}

function onnxAttempt(common: CommonOptions, { path, dtype }: Weights, reason: string): Attempt {
  const native: Attempt['native'] = {
    ...common,
    engine: 'onnxruntime',
    modelPath: path,
    runtimePath: findRuntime(common.executionProviders[0]),
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
): Promise<LoadedAttempt> {
  let reason = `${basename(onnx?.path ?? '')} runs on ONNX Runtime`;
  if (packed) {
    const attempt = builtinAttempt(common, packed, weightCache);
    try {
      return await loadChecked(attempt, unusedPositions);
    } catch (error) {
      if (!onnx || !(error instanceof RerankError) || !NOT_FOR_OUR_KERNELS.has(error.code)) throw error;
      reason += `, since our own kernels cannot run the model: ${error.message}`;
    }
  }
  const attempt = onnxAttempt(common, onnx!, reason);
  return await loadChecked(attempt, unusedPositions);
}

type Provider = ModelInfo['provider'];

/** `refused`: what was found before the addon was asked. */
function describeProvider(asked: ExecutionProvider[], refused: string, { info }: NativeEngine): Provider {
  const { provider, providerReason, deviceIds } = info;
  return Object.freeze({
    asked: Object.freeze([...asked]),
    got: provider,
    reason: refused || providerReason,
    ...(provider === 'cuda' && { deviceIds: Object.freeze([...deviceIds]) }),
  });
}

function describe(model: ResolvedModel, provider: Provider, { native, reason, loaded }: LoadedAttempt): ModelInfo {
  const [engine, modelFile, tokenizerFile] = loaded;
  const { runtimeVersion, instructionSet } = engine.info;
  const info: ModelInfo = {
    model: model.model,
    architecture: model.architecture,
    dtype: native.dtype,
    maxLength: native.maxLength,
    truncation: native.truncation,
    threads: native.threads,
    provider,
    engine: Object.freeze({ name: native.engine, ...(instructionSet && { instructionSet }), reason }),
    ...(runtimeVersion && { runtime: Object.freeze({ version: runtimeVersion, library: native.runtimePath }) }),
    files: Object.freeze({ model: Object.freeze(modelFile), tokenizer: Object.freeze(tokenizerFile) }),
  };
  return Object.freeze(info);
}

/** From a model's name and the caller's options to a running engine and its description. */
export async function loadModel(model: string, options?: RerankerOptions): Promise<LoadedModel> {
  if (typeof model !== 'string' || model === '') throw invalidOption('a folder or the name of a model', 'model', model);
  const { dtype, maxLength, weightCache, executionProviders, threads, ...checked } = checkRerankerOptions(options);
  const { providers, refused }: UsableProviders = await usableProviders({ executionProviders, ...checked });
  const onCuda = providers.includes('cuda');
  const resolved = await (onCuda ? resolveForCuda(model, dtype) : resolveModel(model, dtype, providers));
  const common: CommonOptions = {
    ...checked,
    executionProviders: providers,
    threads: threadsFor(threads, onCuda ? checked.cuda.deviceIds.length : 0),
    maxLength: maxLengthFor(maxLength, resolved.maxTokens),
    tokenizerPath: resolved.tokenizerPath,
  };
  const result = await load(resolved, common, weightCache);
  const engine = result.loaded[0];
  return { engine, info: describe(resolved, describeProvider(executionProviders, refused, engine), result) };
}
