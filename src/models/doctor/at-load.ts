import { RerankError } from '../../errors';
import { readWeightsGraph } from '../weights-graph';
import { checkLabels, checkPositions } from './graph-checks';
import { checkExternalData } from './weight-checks';

/**
 * The checks that every load makes, whatever runs the model: what would fail only on a long input, or with a message of
 * the runtime's that does not say what to do. Reads the file's structure, not its weights. `maxLength` is what this Reranker will send.
 * @throws {RerankError} MODEL_INVALID with the first finding that is an error.
 */
export async function checkAtLoad(modelPath: string, unusedPositions: number, maxLength: number): Promise<void> {
  const graph = await readWeightsGraph(modelPath);
  const findings = [
    ...(await checkExternalData(graph, modelPath)),
    ...checkPositions(graph, maxLength, unusedPositions),
    ...checkLabels(graph, undefined),
  ];
  const error = findings.find(({ severity }) => severity === 'error');
  if (!error) return;
  throw new RerankError('MODEL_INVALID', `${error.message} (${error.code}). ${error.remedy}`, {
    path: modelPath,
  });
}
