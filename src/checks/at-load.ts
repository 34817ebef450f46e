import { RerankError } from '../errors';
import type { ModelGraph } from '../formats/model-graph';
import { readWeightsGraph } from '../formats/weights-graph';
import { checkEnd, checkInputs } from './check-graph';
import type { Finding, FindingCode } from './finding';
import type { GraphEnd } from './graph-end';
import { checkLabels, checkPositions, dropsTokenTypes } from './graph-checks';
import { checkVocabulary } from './tokenizer-checks';
import { checkExternalData } from './external-data';

// What every load checks, whatever runs the model: what would fail only on a long input or a rare word, or with a
// message of the runtime's that does not say what to do.

/** The file is sound, but no cross-encoder's. */
const UNSUPPORTED: ReadonlySet<FindingCode> = new Set(['GRAPH_INPUT_UNKNOWN', 'GRAPH_END_UNKNOWN']);

function refuseErrors(findings: readonly Finding[], path: string): void {
  const error = findings.find(({ severity }) => severity === 'error');
  if (!error) return;
  const code = UNSUPPORTED.has(error.code) ? 'MODEL_UNSUPPORTED' : 'MODEL_INVALID';
  throw new RerankError(code, `${error.message} (${error.code}). ${error.remedy}`, { path });
}

/** What a file of weights says of its model. */
export interface CheckedGraph {
  graph: ModelGraph;
  /** Undefined where there is no graph with an end: of safetensors. */
  end: GraphEnd | undefined;
}

/**
 * Before the model is loaded. Reads the file's structure, not its weights. `maxLength` is what this Reranker will send.
 * @throws {RerankError} MODEL_INVALID or MODEL_UNSUPPORTED with the first finding that is an error.
 */
export async function checkWeights(path: string, unusedPositions: number, maxLength: number): Promise<CheckedGraph> {
  const graph = await readWeightsGraph(path);
  const { end, findings } = checkEnd(graph);
  refuseErrors(
    [
      ...(await checkExternalData(graph, path)),
      ...checkInputs(graph),
      ...findings,
      ...checkPositions(graph, maxLength, unusedPositions),
      ...checkLabels(graph, undefined, end),
    ],
    path,
  );
  return { graph, end };
}

/**
 * Our own kernels compute what the weights are for. A graph that leaves a part of that out scores otherwise.
 * @throws {RerankError} MODEL_UNSUPPORTED.
 */
export function checkForOurKernels(graph: ModelGraph, path: string): void {
  if (!dropsTokenTypes(graph)) return;
  const message =
    'The graph has token types but no input token_type_ids (TOKEN_TYPES_DROPPED), so our own kernels would score otherwise. Export the model again with token_type_ids among its inputs';
  throw new RerankError('MODEL_UNSUPPORTED', message, { path });
}

/**
 * Once the tokenizer is loaded, with the number of its tokens.
 * @throws {RerankError} MODEL_INVALID.
 */
export function checkTokenizer(vocabulary: number, graph: ModelGraph, tokenizerPath: string): void {
  refuseErrors(checkVocabulary(vocabulary, graph), tokenizerPath);
}
