import { finding, type Finding } from './finding';
import type { ModelGraph } from '../formats/model-graph';
import { EndNotUnderstood, readEnd, type GraphEnd } from './graph-end';

/** What a cross-encoder is given. */
const INPUTS = ['input_ids', 'attention_mask', 'token_type_ids'];

/** Inputs that nobody fills, and the one that must be there. */
export function checkInputs({ inputs, outputs, initializers }: ModelGraph): Finding[] {
  if (outputs.length === 0) return []; // no graph: the runtime says that better
  const weights = new Set(initializers.map(({ name }) => name));
  const names = inputs.map(({ name }) => name).filter((name) => !weights.has(name));
  const unknown = names.filter((name) => !INPUTS.includes(name)).map((name) => `'${name}'`);
  const remedy = `Export the model with the inputs ${INPUTS.join(', ')}, or those of them that it uses`;
  if (unknown.length > 0) {
    return [
      finding('GRAPH_INPUT_UNKNOWN', `The graph wants ${unknown.join(', ')}, which a pair does not give`, remedy),
    ];
  }
  return names.includes('input_ids')
    ? []
    : [finding('GRAPH_INPUT_UNKNOWN', "The graph has no input 'input_ids'", remedy)];
}

/** The end as `readEnd` tells it, and what is to be said of it. */
export function checkEnd(graph: ModelGraph): { end: GraphEnd | undefined; findings: Finding[] } {
  try {
    const end = readEnd(graph);
    if (!end?.activation) return { end, findings: [] };
    const message = `The graph ends in ${end.activation}, which is left out: scores come from the logits before it, once`;
    return { end, findings: [finding('ACTIVATION_LEFT_OUT', message, 'Nothing to do')] };
  } catch (error) {
    if (!(error instanceof EndNotUnderstood)) throw error;
    const remedy =
      'Export the model so that its output is the logits of its classifier, their sigmoid or their softmax';
    return { end: undefined, findings: [finding('GRAPH_END_UNKNOWN', error.message, remedy)] };
  }
}
