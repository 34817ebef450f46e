import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RerankError } from '../../errors';
import { maxLengthFor } from '../../options';
import { Reranker } from '../../reranker';
import type { RerankerOptions } from '../../types';
import { readOnnxGraph, type OnnxGraph } from '../onnx-graph';
import { resolveModel, type ResolvedModel } from '../resolve';
import { finding, type Finding } from './finding';
import { checkLabels, checkOperators, checkPositions, checkTokenTypes } from './graph-checks';
import { thisMachine, type Machine } from './machine';
import { checkMachine } from './machine-checks';
import { tableRows } from './tables';
import { checkLimits, checkVocabulary, tokenizerFacts } from './tokenizer-checks';
import { checkExternalData, checkSaturation } from './weight-checks';

export interface Diagnosis {
  model: ResolvedModel;
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

async function weightBytes(graph: OnnxGraph, modelPath: string): Promise<number> {
  const external = new Set(
    graph.initializers.map((tensor) => tensor.external?.location).filter((name) => name !== undefined),
  );
  const paths = [modelPath, ...[...external].map((name) => join(dirname(modelPath), name))];
  const sizes = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function configLabels(config: Json | undefined): number | undefined {
  const labels = config?.['id2label'];
  return typeof labels === 'object' && labels !== null ? Object.keys(labels).length : undefined;
}

/** The ONNX file's findings; a model that has none is only tried. */
async function fromFiles(model: ResolvedModel, options: RerankerOptions, machine: Machine): Promise<Finding[]> {
  const { onnx } = model;
  if (!onnx) return [];
  const folder = dirname(model.tokenizerPath);
  const [graph, tokenizer, tokenizerConfig, config] = await Promise.all([
    readOnnxGraph(onnx.path),
    readJson(model.tokenizerPath),
    readJson(join(folder, 'tokenizer_config.json')),
    readJson(join(folder, 'config.json')),
  ]);
  const facts = tokenizerFacts(tokenizer ?? {}, tokenizerConfig);
  const load = {
    weightBytes: await weightBytes(graph, onnx.path),
    threads: options.threads ?? machine.cores,
    maxLength: maxLengthFor(options.maxLength, model.maxTokens),
    hidden: tableRows(graph).hidden,
  };
  return [
    ...(await checkExternalData(graph, onnx.path)),
    ...checkPositions(graph, model.maxTokens, model.unusedPositions),
    ...checkLimits(facts, model.maxTokens),
    ...checkLabels(graph, configLabels(config)),
    ...checkTokenTypes(graph, facts.highestType),
    ...(tokenizer ? checkVocabulary(facts, graph) : []),
    ...checkOperators(graph, options.executionProviders ?? ['cpu']),
    ...(onnx.dtype === 'int8' && !model.packed ? await checkSaturation(graph, onnx.path, machine.hasVnni) : []),
    ...checkMachine(load, machine),
  ];
}

/** A pair cut to the longest that the model takes, and a short one. */
const SELF_CHECK = ['word '.repeat(20_000), 'A short passage.'];

/** Loads the model and scores two pairs: opset, operators, tokenizer and positions are tried, not guessed. */
async function fromRunning(model: string, options: RerankerOptions): Promise<Finding[]> {
  let reranker: Reranker | undefined;
  try {
    reranker = await Reranker.load(model, options);
    await reranker.rerank({ query: 'query', contexts: SELF_CHECK.map((text) => ({ text })) });
    return [];
  } catch (error) {
    if (!(error instanceof RerankError)) throw error;
    const remedy = 'See what its message asks for; --verbose says more';
    const code = reranker ? 'SELF_CHECK_FAILED' : 'LOAD_FAILED';
    return [finding(code, `${error.code}: ${error.message}`, remedy)];
  } finally {
    await reranker?.close();
  }
}

const ORDER = { error: 0, warning: 1, info: 2 } as const;

/**
 * All that can be told of a model on this machine, its files first, then by running it.
 * @throws {RerankError} Where the model cannot be found or fetched.
 */
export async function diagnose(
  name: string,
  options: RerankerOptions = {},
  machine: Machine = thisMachine(),
): Promise<Diagnosis> {
  const model = await resolveModel(name, options.dtype ?? 'auto');
  const findings = [...(await fromFiles(model, options, machine)), ...(await fromRunning(name, options))];
  findings.sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
  return { model, findings };
}
