import { RerankError } from '../errors';
import type { OnnxGraph } from '../formats/onnx-graph';
import { readWeightsGraph } from '../formats/weights-graph';
import type { Finding } from './finding';
import { checkLabels, checkPositions } from './graph-checks';
import { checkVocabulary } from './tokenizer-checks';
import { checkExternalData } from './external-data';

// What every load checks, whatever runs the model: what would fail only on a long input or a rare word, or with a
// message of the runtime's that does not say what to do.

function refuseErrors(findings: readonly Finding[], path: string): void {
  const error = findings.find(({ severity }) => severity === 'error');
  if (error) throw new RerankError('MODEL_INVALID', `${error.message} (${error.code}). ${error.remedy}`, { path });
}

/**
 * Before the model is loaded. Reads the file's structure, not its weights. `maxLength` is what this Reranker will send.
 * @throws {RerankError} MODEL_INVALID with the first finding that is an error.
 */
export async function checkWeights(path: string, unusedPositions: number, maxLength: number): Promise<OnnxGraph> {
  const graph = await readWeightsGraph(path);
  const findings = [
    ...(await checkExternalData(graph, path)),
    ...checkPositions(graph, maxLength, unusedPositions),
    ...checkLabels(graph, undefined),
  ];
  refuseErrors(findings, path);
  return graph;
}

/**
 * Once the tokenizer is loaded, with the number of its tokens.
 * @throws {RerankError} MODEL_INVALID.
 */
export function checkTokenizer(vocabulary: number, graph: OnnxGraph, tokenizerPath: string): void {
  refuseErrors(checkVocabulary(vocabulary, graph), tokenizerPath);
}
