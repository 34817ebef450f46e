import { modelProto } from './onnx-schema';

export const ELEMENT = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7, float16: 10, bfloat16: 16 } as const;
const ATTRIBUTE = { float: 1, int: 2, ints: 7 } as const;

export type Element = keyof typeof ELEMENT;
type Dimension = number | string;

export const tensor = (name: string, element: Element, shape: Dimension[]) => ({
  name,
  type: {
    tensorType: {
      elemType: ELEMENT[element],
      shape: { dim: shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size })) },
    },
  },
});

/** NodeProto and TensorProto, as far as they are looked at here. */
export interface GraphNode {
  opType: string;
  input: readonly string[];
  output: readonly string[];
}
export interface Initializer {
  name: string;
  dims: readonly number[];
  dataType: number;
  floatData?: number[];
  int64Data?: number[];
  rawData?: Uint8Array;
}

export const node = (opType: string, input: string[], output: string, attributes: object[] = []) => ({
  opType,
  input,
  output: [output],
  name: output,
  attribute: attributes,
});

export const float = (name: string, value: number) => ({ name, f: value, type: ATTRIBUTE.float });
export const int = (name: string, value: number) => ({ name, i: value, type: ATTRIBUTE.int });
export const ints = (name: string, values: number[]) => ({ name, ints: values, type: ATTRIBUTE.ints });

/** What a graph makes of its classifier's output, `logits`, before it gives it. */
export interface Ending {
  /** In order, the first of them of `logits`, the last of them to be the graph's output, `scores`. */
  nodes: GraphNode[];
  initializers?: Initializer[];
  shape: Dimension[];
}

export interface SumModel {
  /** Name → element type; each [batch, tokens]. */
  inputs: Record<string, Element>;
  /** [batch], [batch, 1] or [batch, 2]: `pair` gives (0, sum). */
  output: 'flat' | 'column' | 'pair';
  outputName?: string;
  /** `float16`: rounded to it; `rounded`: rounded to it and given as float. Default `float`. */
  precision?: 'float' | 'float16' | 'rounded';
  /** The sum is divided by this; 0 makes it infinite. */
  divisor?: number;
  /** Further NodeProto and TensorProto of the graph, without a use in it. */
  nodes?: object[];
  initializers?: object[];
  opset?: number;
  /** What the output is said to have, where that is not so. */
  labels?: number;
  ending?: Ending;
  /** Of every input, where it is fixed. */
  inputShape?: [Dimension, Dimension];
}

/** An ONNX model whose logit, its classifier's product, is the sum over the tokens of all inputs: what it must answer is plain arithmetic. */
export function sumModel(sum: SumModel): Uint8Array {
  const { inputs, output, outputName = 'logits', divisor = 1, nodes: more = [], initializers = [] } = sum;
  const { precision = 'float', ending } = sum;
  const exact = precision === 'float' ? outputName : 'exact';
  const names = Object.keys(inputs);
  const nodes = names.flatMap((name) => [
    node('Cast', [name], `${name}_float`, [int('to', ELEMENT.float)]),
    node('ReduceSum', [`${name}_float`], `${name}_sum`, [ints('axes', [1]), int('keepdims', 1)]),
  ]);
  nodes.push(
    node(
      'Sum',
      names.map((name) => `${name}_sum`),
      'total',
    ),
    node('Div', ['total', 'divisor'], 'feature'),
    node('Gemm', ['feature', 'classifier.weight', 'classifier.bias'], output === 'flat' ? 'column' : exact),
  );
  if (output === 'flat') nodes.push(node('Squeeze', ['column'], exact, [ints('axes', [1])]));
  if (precision !== 'float') {
    const half = precision === 'float16' ? outputName : 'half';
    nodes.push(node('Cast', [exact], half, [int('to', ELEMENT.float16)]));
  }
  if (precision === 'rounded') nodes.push(node('Cast', ['half'], outputName, [int('to', ELEMENT.float)]));
  const weights = output === 'pair' ? [0, 1] : [1];
  const shape = { flat: ['batch'], column: ['batch', sum.labels ?? 1], pair: ['batch', 2] }[output];
  const model = {
    irVersion: 7,
    opsetImport: [{ domain: '', version: sum.opset ?? 11 }],
    graph: {
      name: 'sum',
      node: [...nodes, ...more, ...(ending?.nodes ?? [])],
      initializer: [
        { name: 'divisor', dims: [1], dataType: ELEMENT.float, floatData: [divisor] },
        { name: 'classifier.weight', dims: [1, weights.length], dataType: ELEMENT.float, floatData: weights },
        { name: 'classifier.bias', dims: [weights.length], dataType: ELEMENT.float, floatData: weights.map(() => 0) },
        ...initializers,
        ...(ending?.initializers ?? []),
      ],
      input: names.map((name) => tensor(name, inputs[name] as Element, sum.inputShape ?? ['batch', 'tokens'])),
      output: [
        ending
          ? tensor('scores', 'float', ending.shape)
          : tensor(outputName, precision === 'float16' ? 'float16' : 'float', shape),
      ],
    },
  };
  return modelProto.encode(modelProto.fromObject(model)).finish();
}

/** Without a table of words, so that it takes the tokens of any tokenizer. */
export const modelForAnyTokenizer = (): Uint8Array => sumModel({ inputs: { input_ids: 'int64' }, output: 'column' });
