import type { OnnxNode } from '../formats/onnx-node';
import { Wiring } from '../formats/onnx-wiring';
import type { ModelGraph, GraphValue } from '../formats/model-graph';
import { classifierAt } from './classifier';

/** What a graph makes of its classifier's logits. */
export interface GraphEnd {
  /** The output that holds scores, one or two a row. */
  output: string;
  /** The value that holds the logits: `output`, or what stands before an activation. */
  logits: string;
  /** The operator between them; undefined where they are the same. */
  activation: string | undefined;
  /** What the classifier gives for a row; undefined where the file does not say. */
  labels: number | undefined;
}

/** Why a graph's output is not taken for logits: a sentence without its full stop. */
export class EndNotUnderstood extends Error {}

/** Of several outputs, those that hold scores by their name, the likeliest first. */
const SCORES = ['logits', 'scores', 'score'];
/** Pick rows, tokens or labels out of their first input. */
const PICKS: ReadonlySet<string> = new Set(['Gather', 'GatherElements', 'GatherND', 'Slice']);
const ACTIVATIONS: ReadonlySet<string> = new Set(['Sigmoid', 'Softmax', 'LogSoftmax']);
/** Leave the labels of a row side by side on the last axis. */
const KEEP_ORDER: ReadonlySet<string> = new Set(['Identity', 'Dropout', 'Cast', 'Squeeze']);
/** Opset from which softmax is over the last axis unless told otherwise; before, from the second on. */
const SOFTMAX_OF_LAST_AXIS = 13;

function outputOf({ outputs }: ModelGraph): GraphValue {
  const named = SCORES.map((name) => outputs.find((output) => output.name === name)).find((found) => found);
  const found = named ?? (outputs.length === 1 ? outputs[0] : undefined);
  if (found) return found;
  const names = outputs.map(({ name }) => `'${name}'`).join(', ');
  throw new EndNotUnderstood(`The graph has no output 'logits' or 'scores' but ${names}`);
}

const told = ({ operator, name, outputs }: OnnxNode): string => `${operator} '${name || (outputs[0] ?? '')}'`;

/** The label that a node picks; undefined where it picks something else. */
function pickedLabel({ operator, inputs, attributes }: OnnxNode, wiring: Wiring): number | undefined {
  const axes = operator === 'Gather' ? [attributes.get('axis')?.int ?? 0] : wiring.integers(inputs[3]);
  if (axes?.length !== 1 || (axes[0] !== 1 && axes[0] !== -1)) return undefined;
  const first = wiring.integers(inputs[1])?.[0];
  if (operator === 'Gather' || first === undefined) return first;
  const end = wiring.integers(inputs[2])?.[0];
  return operator === 'Slice' && (first === -1 || end === first + 1) ? first : undefined;
}

/** From the output back to the classifier. */
interface Way {
  output: GraphValue;
  /** What lies between them, the output's own node first. */
  nodes: OnnxNode[];
  labels: number | undefined;
  wiring: Wiring;
}

function wayBack(output: GraphValue, wiring: Wiring): Way {
  const nodes: OnnxNode[] = [];
  for (let value: string | undefined = output.name; ;) {
    const node: OnnxNode | undefined = wiring.producer(value);
    if (!node) throw new EndNotUnderstood(`Output '${output.name}' comes from no classifier of the graph`);
    const classifier = classifierAt(node, wiring);
    if (classifier) return { output, nodes, wiring, ...classifier };
    const before = wiring.before(node);
    if (before === undefined && !PICKS.has(node.operator) && !ACTIVATIONS.has(node.operator)) {
      const end = `Output '${output.name}' comes from ${told(node)}`;
      throw new EndNotUnderstood(`${end}, which is neither a classifier nor the sigmoid or softmax of one`);
    }
    nodes.push(node);
    value = before ?? node.inputs[0];
  }
}

/** The share of the second of two labels, or of both. */
function checkSoftmax({ output, nodes, labels, wiring }: Way, at: number, opset: number): void {
  const softmax = nodes[at]!;
  const refuse = (why: string) => new EndNotUnderstood(`Output '${output.name}' comes from ${why}`);
  if (labels !== 2) throw refuse(`${told(softmax)} over ${labels ?? 'an unknown number of'} labels; two can be ranked`);
  const axis = softmax.attributes.get('axis')?.int ?? (opset >= SOFTMAX_OF_LAST_AXIS ? -1 : 1);
  const moved = nodes.slice(at + 1).find(({ operator }) => !KEEP_ORDER.has(operator));
  if ((axis !== 1 && axis !== -1) || moved) throw refuse(`${told(softmax)} over axis ${axis}, not over the labels`);
  const other = nodes
    .slice(0, at)
    .find((node) => PICKS.has(node.operator) && ![1, -1].includes(pickedLabel(node, wiring)!));
  if (other) throw refuse(`${told(other)} of two labels, which does not pick the second, relevance`);
}

/** Of one label there is nothing else to pick; of two, none may be missing, as it takes both to rank. */
function checkPicks({ output, nodes, labels, wiring }: Way, activation: number): void {
  const isWhole = output.dims.length === 2 && output.dims[1] === labels;
  const wrong = nodes.find((node, i) => {
    if (!PICKS.has(node.operator)) return false;
    const label = pickedLabel(node, wiring);
    // What is left out with the activation must not have picked one token of many.
    if (labels !== 2) return i < activation && label !== 0 && label !== -1;
    return i < activation || (label !== undefined && !isWhole);
  });
  if (wrong) {
    throw new EndNotUnderstood(`Output '${output.name}' comes from ${told(wrong)}, which picks a part of the logits`);
  }
}

/**
 * Reads how a graph ends. Undefined where there is no graph to read: of safetensors, or in what is no ONNX file.
 * @throws {EndNotUnderstood} Where the output is not known to be logits or to come from them.
 */
export function readEnd(graph: ModelGraph): GraphEnd | undefined {
  if (graph.nodes.length === 0 || graph.outputs.length === 0) return undefined;
  const output = outputOf(graph);
  const way = wayBack(output, new Wiring(graph));
  way.labels ??= output.dims.length === 2 ? output.dims[1] : undefined;
  const { nodes, labels } = way;
  const at = nodes.findIndex(({ operator }) => ACTIVATIONS.has(operator));
  const activation = nodes[at];
  const second = nodes.find(({ operator }, i) => i > at && ACTIVATIONS.has(operator));
  if (second) throw new EndNotUnderstood(`Output '${output.name}' comes from ${told(activation!)} of ${told(second)}`);
  if (activation && activation.operator !== 'Sigmoid') checkSoftmax(way, at, graph.opsets.get('') ?? 0);
  else checkPicks(way, at);
  return {
    output: output.name,
    logits: activation?.inputs[0] ?? output.name,
    activation: activation?.operator,
    labels,
  };
}
