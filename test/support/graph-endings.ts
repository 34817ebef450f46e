import { ELEMENT, int, ints, node, type Ending } from './onnx-model';

/** Operators in a row, of `logits` and giving `scores`; what an operator takes besides stands behind it. */
export function ending(shape: Ending['shape'], ...steps: (string | [string, object[], string[]?])[]): Ending {
  const nodes = steps.map((step, i) => {
    const [operator, attributes, more = []] = typeof step === 'string' ? [step, []] : step;
    const output = i === steps.length - 1 ? 'scores' : `step_${i}`;
    return node(operator, [i === 0 ? 'logits' : `step_${i - 1}`, ...more], output, attributes);
  });
  return { nodes, initializers: CONSTANTS, shape };
}

const integers = (name: string, values: number[], dims = [values.length]) => ({
  name,
  dims,
  dataType: ELEMENT.int64,
  int64Data: values,
});
const float = (name: string, value: number) => ({ name, dims: [1], dataType: ELEMENT.float, floatData: [value] });

/** What endings take: a scale, an axis, a shape, a label as one index and as a list of one. */
const CONSTANTS = [
  float('scale', 0.5),
  float('shift', 1),
  integers('flat', [-1]),
  integers('zero', [0]),
  integers('one', [1]),
  integers('two', [2]),
  integers('first', [0], []),
  integers('second', [1], []),
];

const axis = (value: number) => [int('axis', value)];
const axes = (value: number) => [ints('axes', [value])];
export const toHalf = ['Cast', [int('to', ELEMENT.float16)]] as [string, object[]];
export const toFloat = ['Cast', [int('to', ELEMENT.float)]] as [string, object[]];
export const softmax = (over: number, operator = 'Softmax') => [operator, axis(over)] as [string, object[]];
export const gather = (index: string, over = 1) => ['Gather', axis(over), [index]] as [string, object[], string[]];
export const slice = (from: string, to: string) => ['Slice', [], [from, to, 'one']] as [string, object[], string[]];
export const squeeze = ['Squeeze', axes(1)] as [string, object[]];
export const reshape = ['Reshape', [], ['flat']] as [string, object[], string[]];
export const scaled = (operator: string, by: string) => [operator, [], [by]] as [string, object[], string[]];
