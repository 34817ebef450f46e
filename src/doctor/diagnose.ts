import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RerankError } from '../errors';
import { maxLengthFor } from '../options';
import { Reranker } from '../reranker';
import { toRerankError } from '../addon/native-failure';
import type { ModelInfo, RerankerOptions } from '../types';
import { elementCount, type OnnxGraph } from '../formats/onnx-graph';
import { resolveModel, type ResolvedModel } from '../models/resolve';
import { resolveForCuda } from '../models/resolve-for-cuda';
import type { Weights } from '../models/weights';
import { readWeightsGraph, weightBytes } from '../formats/weights-graph';
import { checkEnd, checkInputs } from '../checks/check-graph';
import { checkExternalData } from '../checks/external-data';
import { finding, type Finding } from '../checks/finding';
import { checkLabels, checkOperators, checkPositions, checkTokenTypes } from '../checks/graph-checks';
import { thisMachine, type Machine } from './machine';
import { checkMachine } from './machine-checks';
import { tableRows } from '../checks/tables';
import { checkLimits, checkVocabulary, tokenizerFacts } from '../checks/tokenizer-checks';
import { checkPackedInt8, checkSaturation } from './saturation';

export interface Diagnosis {
  model: ResolvedModel;
  /** The weights that were run, or would have been. */
  weights: Plan;
  /** Errors first. */
  findings: Finding[];
}

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

export interface Plan extends Weights {
  /** `reason` only where it could be loaded. */
  engine: Pick<ModelInfo['engine'], 'name' | 'instructionSet'> & { reason?: string };
}

function planOf({ packed, onnx }: ResolvedModel, info: ModelInfo | undefined): Plan {
  if (info) return { path: info.files.model.path, dtype: info.dtype, engine: info.engine };
  const first = (packed ?? onnx)!;
  return { ...first, engine: { name: first === packed ? 'builtin' : 'onnxruntime' } };
}

/** What a weight takes once our own kernels have made it theirs. */
const PACKED_BYTES = { fp32: 4, fp16: 4, bf16: 2, int8: 1 } as const;

async function checkInt8(graph: OnnxGraph, { path, engine }: Plan, machine: Machine): Promise<Finding[]> {
  if (engine.name === 'builtin') return [checkPackedInt8(engine.instructionSet ?? 'any')];
  try {
    return await checkSaturation(graph, path, await machine.measureInt8());
  } catch (failure) {
    throw toRerankError(failure);
  }
}

async function fromFiles(
  model: ResolvedModel,
  options: RerankerOptions,
  machine: Machine,
  plan: Plan,
): Promise<Finding[]> {
  const isPacked = plan.engine.name === 'builtin';
  const folder = dirname(model.tokenizerPath);
  const [graph, tokenizer, tokenizerConfig, config] = await Promise.all([
    readWeightsGraph(plan.path),
    readJson(model.tokenizerPath),
    readJson(join(folder, 'tokenizer_config.json')),
    readJson(join(folder, 'config.json')),
  ]);
  const { end, findings: ofEnd } = checkEnd(graph);
  const facts = tokenizerFacts(tokenizer ?? {}, tokenizerConfig);
  const load = {
    weightBytes: isPacked
      ? elementCount(graph.initializers) * PACKED_BYTES[plan.dtype]
      : await weightBytes(graph, plan.path),
    threads: options.threads ?? machine.cores,
    maxLength: maxLengthFor(options.maxLength, model.maxTokens),
    hidden: tableRows(graph).hidden,
  };
  return [
    ...(await checkExternalData(graph, plan.path)),
    ...checkPositions(graph, model.maxTokens, model.unusedPositions),
    ...checkLimits(facts, model.maxTokens),
    ...checkInputs(graph),
    ...ofEnd,
    ...checkLabels(graph, configLabels(config), end),
    ...checkTokenTypes(graph, facts.highestType),
    ...(tokenizer ? checkVocabulary(facts.vocabulary, graph) : []),
    ...(isPacked ? [] : checkOperators(graph, options.executionProviders ?? ['cpu'])),
    // Where nothing could be loaded there is no runtime to try.
    ...(plan.engine.reason && plan.dtype === 'int8' ? await checkInt8(graph, plan, machine) : []),
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

/** Loads the model and scores two pairs: opset, operators, tokenizer and positions are tried, not guessed. */
async function fromRunning(model: string, options: RerankerOptions): Promise<Tried> {
  let reranker: Reranker | undefined;
  try {
    reranker = await Reranker.load(model, options);
    await reranker.rerank({ query: 'query', contexts: SELF_CHECK.map((text) => ({ text })) });
    return { findings: [], info: reranker.info };
  } catch (error) {
    if (!(error instanceof RerankError)) throw error;
    const remedy = 'See what its message asks for; --verbose says more';
    const code = reranker ? 'SELF_CHECK_FAILED' : 'LOAD_FAILED';
    return { findings: [finding(code, `${error.code}: ${error.message}`, remedy)], info: reranker?.info };
  } finally {
    await reranker?.close();
  }
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
): Promise<Diagnosis> {
  const { dtype = 'auto', executionProviders } = options;
  const onCuda = executionProviders?.includes('cuda');
  const model = await (onCuda ? resolveForCuda(name, dtype) : resolveModel(name, dtype, executionProviders));
  const tried = await fromRunning(name, options);
  const weights = planOf(model, tried.info);
  const findings = [...(await fromFiles(model, options, machine, weights)), ...tried.findings];
  findings.sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
  return { model, weights, findings };
}
