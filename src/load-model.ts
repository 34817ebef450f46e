import { basename } from 'node:path';
import { loadNative } from './addon/load-native';
import { findRuntime } from './addon/load-runtime';
import type { NativeEngine, NativeLoadOptions } from './addon/native-api';
import { toRerankError } from './addon/native-failure';
import { checkForOurKernels, checkTokenizer, checkWeights, type CheckedGraph } from './checks/at-load';
import { usableProviders, type UsableProviders } from './cuda/usable-providers';
import { RerankError } from './errors';
import { weightBytes } from './formats/weights-graph';
import { digestFolder, weightCacheFolder } from './models/cache';
import { digestFile } from './models/digest';
import { findModel, weightsPath, type FoundModel } from './models/find-model';
import type { PullProgress } from './models/pull';
import { plannedProvider, type Candidate } from './models/plan';
import { checkRerankerOptions, invalidOption, maxLengthFor, threadsFor, type CheckedRerankerOptions } from './options';
import type { ModelInfo, RerankerOptions } from './types';

export interface LoadedModel {
  engine: NativeEngine;
  info: ModelInfo;
}

/** A model on this machine, and how it is to be loaded. */
export interface PreparedModel {
  found: FoundModel;
  options: CheckedRerankerOptions;
  /** What is left of `options.executionProviders`. */
  usable: UsableProviders;
  threads: number;
  maxLength: number;
}

/** A candidate that runs. */
interface Running {
  candidate: Candidate;
  native: NativeLoadOptions;
  engine: NativeEngine;
  files: ModelInfo['files'];
}

/** Loads and digests at the same time; whatever fails first ends the other. */
async function loadAndDigest(native: NativeLoadOptions): Promise<Omit<Running, 'candidate'>> {
  const stop = new AbortController();
  const loading = loadNative().load(native);
  const memo = native.engine === 'builtin' && native.weightCacheFolder !== undefined ? digestFolder() : undefined;
  const digest = (path: string) => digestFile(path, stop.signal, memo);
  const digesting = Promise.all([digest(native.modelPath), digest(native.tokenizerPath)]);
  try {
    const [engine, [model, tokenizer]] = await Promise.all([loading, digesting]);
    return {
      native,
      engine,
      files: Object.freeze({ model: Object.freeze(model), tokenizer: Object.freeze(tokenizer) }),
    };
  } catch (error) {
    stop.abort();
    const [engine] = await Promise.allSettled([loading, digesting]);
    if (engine.status === 'fulfilled') await engine.value.close();
    throw toRerankError(error);
  }
}

/** What the addon is told. */
async function nativeOptions(
  prepared: PreparedModel,
  candidate: Candidate,
  { graph, end }: CheckedGraph,
): Promise<NativeLoadOptions> {
  const { found, options, usable, threads, maxLength } = prepared;
  const { truncation, specialTokens, maxQueuedTokens, weightCache, cuda } = options;
  const { tokenizerPath } = found;
  const modelPath = weightsPath(found, candidate);
  const common = { modelPath, tokenizerPath, threads, maxLength, truncation, specialTokens, maxQueuedTokens };
  if (candidate.engine === 'builtin') {
    const { dtype } = candidate;
    const cacheFolder = weightCache ? weightCacheFolder() : undefined;
    return { ...common, engine: 'builtin', configFolder: found.folder, dtype, weightCacheFolder: cacheFolder };
  }
  return {
    ...common,
    engine: 'onnxruntime',
    weightBytes: await weightBytes(graph, modelPath),
    end: end && { output: end.output, before: end.activation === undefined ? undefined : end.logits },
    runtimePath: findRuntime(usable.providers[0]),
    executionProviders: usable.providers,
    cuda,
  };
}

/** Loads what the checks let pass. */
async function loadChecked(prepared: PreparedModel, candidate: Candidate): Promise<Running> {
  const { found, maxLength } = prepared;
  const checked = await checkWeights(weightsPath(found, candidate), found.unusedPositions, maxLength);
  if (candidate.engine === 'builtin') checkForOurKernels(checked.graph, weightsPath(found, candidate));
  const running = await loadAndDigest(await nativeOptions(prepared, candidate, checked));
  try {
    checkTokenizer(running.engine.info.vocabulary, checked.graph, found.tokenizerPath);
  } catch (error) {
    await running.engine.close();
    throw error;
  }
  const leftOut = candidate.engine === 'onnxruntime' ? checked.end?.activation : undefined;
  const reason = leftOut ? `${candidate.reason}; its ${leftOut} at the end is left out` : candidate.reason;
  return { ...running, candidate: { ...candidate, reason } };
}

/** An exporter may have renamed, fused or reshaped weights that ONNX Runtime has no trouble with. */
const NOT_FOR_OUR_KERNELS: ReadonlySet<string> = new Set(['MODEL_UNSUPPORTED', 'MODEL_INVALID']);

function isRefusedByOurs({ engine }: Candidate, error: unknown): error is RerankError {
  return engine === 'builtin' && error instanceof RerankError && NOT_FOR_OUR_KERNELS.has(error.code);
}

/** The first candidate, or where our own kernels refuse it, what comes behind it. `because` ends its reason. */
async function loadFirst(
  prepared: PreparedModel,
  [first, next, ...others]: readonly [Candidate, ...Candidate[]],
  because = '',
): Promise<Running> {
  try {
    return await loadChecked(prepared, { ...first, reason: first.reason + because });
  } catch (error) {
    if (!next || !isRefusedByOurs(first, error)) throw error;
    const file = basename(first.file.path);
    return await loadFirst(prepared, [next, ...others], `, since our own kernels cannot run ${file}: ${error.message}`);
  }
}

function describeProvider({ options, usable }: PreparedModel, { info }: NativeEngine): ModelInfo['provider'] {
  const { provider, providerReason, deviceIds } = info;
  return Object.freeze({
    asked: Object.freeze([...options.executionProviders]),
    got: provider,
    reason: usable.refused || providerReason,
    ...(provider === 'cuda' && { deviceIds: Object.freeze([...deviceIds]) }),
  });
}

function describeWeightCache(asked: boolean, { info }: NativeEngine): Pick<ModelInfo, 'weightCache'> {
  if (!asked) return {};
  const { weightCache: state, weightCacheReason: reason } = info;
  const unused = { state: 'unused', reason: 'ONNX Runtime runs the model from its own file' } as const;
  return { weightCache: Object.freeze(state === '' ? unused : { state, reason }) };
}

function describe(prepared: PreparedModel, { candidate, native, engine, files }: Running): ModelInfo {
  const { found, options, threads, maxLength } = prepared;
  const { runtimeVersion: version, instructionSet } = engine.info;
  const { engine: name, dtype, reason } = candidate;
  return Object.freeze({
    model: found.model,
    architecture: found.architecture,
    dtype,
    maxLength,
    truncation: options.truncation,
    specialTokens: options.specialTokens,
    threads,
    provider: describeProvider(prepared, engine),
    engine: Object.freeze({ name, ...(instructionSet && { instructionSet }), reason }),
    ...describeWeightCache(options.weightCache, engine),
    ...(native.engine === 'onnxruntime' && { runtime: Object.freeze({ version, library: native.runtimePath }) }),
    files,
  });
}

/** Finds the model, or fetches it, and decides how it is to be loaded. */
export async function prepareModel(
  model: string,
  options?: RerankerOptions,
  onProgress?: (progress: PullProgress) => void,
): Promise<PreparedModel> {
  if (typeof model !== 'string' || model === '') throw invalidOption('a folder or the name of a model', 'model', model);
  const checked = checkRerankerOptions(options);
  const usable = await usableProviders(checked);
  const provider = plannedProvider(usable.providers);
  const found = await findModel(model, { dtype: checked.dtype, provider }, onProgress);
  return {
    found,
    options: checked,
    usable,
    threads: threadsFor(checked.threads, provider === 'cuda' ? checked.cuda.deviceIds.length : 0),
    maxLength: maxLengthFor(checked.maxLength, found.maxTokens),
  };
}

export async function loadPrepared(prepared: PreparedModel): Promise<LoadedModel> {
  const running = await loadFirst(prepared, prepared.found.candidates);
  return { engine: running.engine, info: describe(prepared, running) };
}

/** From a model's name and the caller's options to a running engine and its description. */
export async function loadModel(
  model: string,
  options?: RerankerOptions,
  onProgress?: (progress: PullProgress) => void,
): Promise<LoadedModel> {
  return await loadPrepared(await prepareModel(model, options, onProgress));
}
