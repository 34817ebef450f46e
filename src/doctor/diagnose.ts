import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RerankError } from '../errors';
import { maxLengthFor } from '../options';
import { Reranker } from '../reranker';
import { toRerankError } from '../addon/native-failure';
import type { ModelInfo, RerankerOptions } from '../types';
import { elementCount, type ModelGraph } from '../formats/model-graph';
import { loadPrepared, prepareModel, type PreparedModel } from '../load-model';
import { DTYPE_FACTS } from '../models/dtypes';
import { findModel, weightsPath, type FoundModel } from '../models/find-model';
import type { PullProgress } from '../models/pull';
import { plannedProvider } from '../models/plan';
import { readWeightsGraph, weightBytes } from '../formats/weights-graph';
import { checkEnd, checkInputs } from '../checks/check-graph';
import { checkExternalData } from '../checks/external-data';
import { finding, type Finding } from '../checks/finding';
import { checkLabels, checkOperators, checkPositions, checkTokenTypes } from '../checks/graph-checks';
import { thisMachine, type Machine } from './machine';
import { checkMachine } from './machine-checks';
import { tableRows } from '../checks/tables';
import { checkLimits, checkVocabulary, tokenizerFacts } from '../checks/tokenizer-checks';
import { checkBuiltinInt8, checkSaturation } from './saturation';

export interface Diagnosis {
  model: FoundModel;
  weights: TriedWeights;
  /** Errors first. */
  findings: Finding[];
}

type OnProgress = (progress: PullProgress) => void;
type Json = Record<string, unknown>;

async function readJson(path: string): Promise<Json | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Json;
  } catch {
    // What is wrong with it, loading says.
    return undefined;
  }
}

function configLabels(config: Json | undefined): number | undefined {
  const labels = config?.['id2label'];
  return typeof labels === 'object' && labels !== null ? Object.keys(labels).length : undefined;
}

/** What was run, or would have been. */
export interface TriedWeights {
  /** Absolute. */
  path: string;
  dtype: ModelInfo['dtype'];
  /** `reason` only where it could be loaded. */
  engine: Pick<ModelInfo['engine'], 'name' | 'instructionSet'> & { reason?: string };
}

function triedWeights(found: FoundModel, info: ModelInfo | undefined): TriedWeights {
  if (info) return { path: info.files.model.path, dtype: info.dtype, engine: info.engine };
  const [best] = found.candidates;
  return { path: weightsPath(found, best), dtype: best.dtype, engine: { name: best.engine } };
}

async function checkInt8(graph: ModelGraph, { path, engine }: TriedWeights, machine: Machine): Promise<Finding[]> {
  if (engine.name === 'builtin') return [checkBuiltinInt8(engine.instructionSet ?? 'any')];
  try {
    return await checkSaturation(graph, path, await machine.measureInt8());
  } catch (failure) {
    throw toRerankError(failure);
  }
}

async function fromFiles(
  model: FoundModel,
  options: RerankerOptions,
  machine: Machine,
  tried: TriedWeights,
): Promise<Finding[]> {
  const isBuiltin = tried.engine.name === 'builtin';
  const { folder } = model;
  const [graph, tokenizer, tokenizerConfig, config] = await Promise.all([
    readWeightsGraph(tried.path),
    readJson(model.tokenizerPath),
    readJson(join(folder, 'tokenizer_config.json')),
    readJson(join(folder, 'config.json')),
  ]);
  const { end, findings: ofEnd } = checkEnd(graph);
  const facts = tokenizerFacts(tokenizer ?? {}, tokenizerConfig);
  const load = {
    weightBytes: isBuiltin
      ? elementCount(graph.initializers) * DTYPE_FACTS[tried.dtype].bytes
      : await weightBytes(graph, tried.path),
    dtype: tried.dtype,
    threads: options.threads ?? machine.cores,
    maxLength: maxLengthFor(options.maxLength, model.maxTokens),
    hidden: tableRows(graph).hidden,
  };
  return [
    ...(await checkExternalData(graph, tried.path)),
    ...checkPositions(graph, model.maxTokens, model.unusedPositions),
    ...checkLimits(facts, model.maxTokens),
    ...checkInputs(graph),
    ...ofEnd,
    ...checkLabels(graph, configLabels(config), end),
    ...checkTokenTypes(graph, facts.highestType),
    ...(tokenizer ? checkVocabulary(facts.vocabulary, graph) : []),
    ...(isBuiltin ? [] : checkOperators(graph, options.executionProviders ?? ['cpu'])),
    // Where nothing could be loaded there is no runtime to try.
    ...(tried.engine.reason && tried.dtype === 'int8' ? await checkInt8(graph, tried, machine) : []),
    ...checkMachine(load, machine),
  ];
}

/** A pair cut to the longest that the model takes, and a short one. */
const SELF_CHECK = ['word '.repeat(20_000), 'A short passage.'];

interface Tried {
  findings: Finding[];
  /** What was loaded; undefined where nothing could be. */
  info: ModelInfo | undefined;
}

function failed(code: 'LOAD_FAILED' | 'SELF_CHECK_FAILED', error: unknown): Finding {
  if (!(error instanceof RerankError)) throw error;
  return finding(code, `${error.code}: ${error.message}`, 'See what its message asks for; --verbose says more');
}

/** Loads the model and scores two pairs: opset, operators, tokenizer and positions are tried, not guessed. */
async function fromRunning(prepared: PreparedModel): Promise<Tried> {
  let reranker: Reranker | undefined;
  try {
    const { engine, info } = await loadPrepared(prepared);
    reranker = Reranker.fromEngine(engine, info);
    await reranker.rerank({ query: 'query', contexts: SELF_CHECK.map((text) => ({ text })) });
    return { findings: [], info };
  } catch (error) {
    return { findings: [failed(reranker ? 'SELF_CHECK_FAILED' : 'LOAD_FAILED', error)], info: reranker?.info };
  } finally {
    await reranker?.close();
  }
}

/** A model for a provider that this machine has not is looked at all the same. */
async function findAndTry(
  name: string,
  options: RerankerOptions,
  onProgress?: OnProgress,
): Promise<Tried & { found: FoundModel }> {
  let prepared: PreparedModel;
  try {
    prepared = await prepareModel(name, options, onProgress);
  } catch (error) {
    if (!(error instanceof RerankError) || error.code !== 'PROVIDER_UNAVAILABLE') throw error;
    const { dtype = 'auto', executionProviders } = options;
    const found = await findModel(name, { dtype, provider: plannedProvider(executionProviders) }, onProgress);
    return { found, findings: [failed('LOAD_FAILED', error)], info: undefined };
  }
  return { found: prepared.found, ...(await fromRunning(prepared)) };
}

const ORDER = { error: 0, warning: 1, info: 2 } as const;

/**
 * All that can be told of a model on this machine, from running it and from the files that were run.
 * @throws {RerankError} Where the model cannot be found or fetched.
 */
export async function diagnose(
  name: string,
  options: RerankerOptions = {},
  machine: Machine = thisMachine(),
  onProgress?: OnProgress,
): Promise<Diagnosis> {
  const { found, findings: fromTrying, info } = await findAndTry(name, options, onProgress);
  const weights = triedWeights(found, info);
  const findings = [...(await fromFiles(found, options, machine, weights)), ...fromTrying];
  findings.sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
  return { model: found, weights, findings };
}
