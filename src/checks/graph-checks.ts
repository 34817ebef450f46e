import type { ExecutionProvider } from '../types';
import type { ModelGraph } from '../formats/model-graph';
import { finding, type Finding } from './finding';
import type { GraphEnd } from './graph-end';
import { tableRows } from './tables';

/** Domains whose operators ONNX Runtime has. */
const KNOWN_DOMAINS: ReadonlySet<string> = new Set(['', 'ai.onnx.ml', 'com.microsoft', 'com.microsoft.nchwc']);
/** Dynamic quantisation: the CUDA provider hands these back to the CPU, weights and activations crossing over each time. */
const NOT_ON_CUDA = [
  'DynamicQuantizeLinear',
  'com.microsoft:DynamicQuantizeMatMul',
  'com.microsoft:DynamicQuantizeLSTM',
];

/** `maxTokens` is what is promised or asked for; `unusedPositions` lie before the first (RoBERTa's kin). */
export function checkPositions(graph: ModelGraph, maxTokens: number, unusedPositions: number): Finding[] {
  const { positions } = tableRows(graph);
  if (positions === undefined || positions - unusedPositions >= maxTokens) return [];
  const usable = positions - unusedPositions;
  const message = `The graph has ${positions} positions, ${usable} of them usable; ${maxTokens} tokens are to be taken`;
  return [
    finding('POSITIONS_TOO_FEW', message, `Set maxLength to ${usable} or less, or fetch the files from one source`),
  ];
}

/**
 * `configLabels` is the number in config.json's id2label; undefined where it has none. `end`: where it is known, its
 * classifier tells what the output's dimensions may not.
 */
export function checkLabels(graph: ModelGraph, configLabels: number | undefined, end?: GraphEnd): Finding[] {
  const output = graph.outputs.find(({ name }) => name === (end?.output ?? 'logits')) ?? graph.outputs[0];
  const labels = Math.max((output?.dims.length === 2 ? output.dims[1] : 0) ?? 0, end?.labels ?? 0);
  if (labels === 0) return [];
  if (labels > 2) {
    const message = `Output '${output?.name ?? ''}' has ${labels} labels; a reranker has one, or two of which the second is relevance`;
    return [finding('LABELS_UNSUPPORTED', message, 'Use a cross-encoder; this one classifies')];
  }
  const found: Finding[] = [];
  if (configLabels !== undefined && configLabels !== labels) {
    const message = `The graph has ${labels} label${labels === 1 ? '' : 's'}, config.json ${configLabels}`;
    found.push(finding('LABELS_DISAGREE', message, 'Check that the ONNX file and config.json are of the same model'));
  }
  if (labels === 2) {
    const message = 'The graph has two labels; the score is the softmax share of the second';
    found.push(finding('TWO_LABELS', message, 'Check that its second label means "relevant"'));
  }
  return found;
}

/** Whether a graph has more than one token type and takes none: it gives every token the first, or what it will. */
export function dropsTokenTypes(graph: ModelGraph): boolean {
  const { types } = tableRows(graph);
  return types !== undefined && types > 1 && !graph.inputs.some(({ name }) => name === 'token_type_ids');
}

/** `highestType` is the largest type id that the tokenizer gives to a pair. */
export function checkTokenTypes(graph: ModelGraph, highestType: number): Finding[] {
  const { types } = tableRows(graph);
  const takesTypes = graph.inputs.some(({ name }) => name === 'token_type_ids');
  if (takesTypes && types !== undefined && highestType >= types) {
    const message = `The tokenizer gives type ${highestType}, the graph has ${types} token type${types === 1 ? '' : 's'}`;
    return [finding('TOKEN_TYPES_TOO_FEW', message, 'Use the tokenizer.json that belongs to this model')];
  }
  if (dropsTokenTypes(graph) && highestType > 0) {
    const message = 'The graph has token types but no input token_type_ids, so query and passage look the same to it';
    return [finding('TOKEN_TYPES_DROPPED', message, 'Export the model again with token_type_ids among its inputs')];
  }
  return [];
}

export function checkOperators(graph: ModelGraph, providers: readonly ExecutionProvider[]): Finding[] {
  const found: Finding[] = [];
  const names = [...graph.operators.keys()];
  const unknown = names.filter((name) => name.includes(':') && !KNOWN_DOMAINS.has(name.split(':')[0] ?? ''));
  if (unknown.length > 0) {
    const message = `The graph uses operators that ONNX Runtime does not have: ${unknown.join(', ')}`;
    found.push(finding('OPERATOR_DOMAIN_UNKNOWN', message, 'Export the model with the standard operators'));
  }
  const slow = NOT_ON_CUDA.filter((name) => graph.operators.has(name));
  if (providers.includes('cuda') && slow.length > 0) {
    const message = `The CUDA provider has no ${slow.join(', ')}: these run on the CPU, with copies in between`;
    found.push(finding('OPERATORS_NOT_ON_CUDA', message, "Use dtype 'fp32' on CUDA"));
  }
  return found;
}
