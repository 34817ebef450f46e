import type { ModelGraph, StoredTensor } from './model-graph';
import type { OnnxNode } from './onnx-node';

/** Operators that give their first input in another shape or type, all of its values and no others. */
const SAME_VALUES: ReadonlySet<string> = new Set([
  'Identity',
  'Dropout',
  'Cast',
  'Squeeze',
  'Unsqueeze',
  'Reshape',
  'Flatten',
]);
/** Those that weights pass through in front of a product, in any order. */
const STORED_AS: ReadonlySet<string> = new Set([...SAME_VALUES, 'Transpose', 'QuantizeLinear', 'DequantizeLinear']);
/** Of them, those after which a weight's sizes are still known. */
const SAME_WEIGHT: ReadonlySet<string> = new Set([
  'Cast',
  'Identity',
  'QuantizeLinear',
  'DequantizeLinear',
  'Transpose',
]);
/** TensorProto.DataType: float, float16, double, bfloat16. */
const FLOATS: ReadonlySet<number | undefined> = new Set([1, 10, 11, 16]);

/**
 * Which node gives a value, and what is known before the graph runs. Only what nodes further on take counts as given: from
 * a value back to its node, and on from that node's inputs, always comes to an end, whatever the file says.
 */
export class Wiring {
  readonly #producers = new Map<string, OnnxNode>();
  readonly #initializers = new Map<string, StoredTensor>();

  constructor({ nodes, initializers }: ModelGraph) {
    const taken = new Set<string>();
    for (const node of nodes) {
      for (const input of node.inputs) taken.add(input);
      for (const output of node.outputs) if (!taken.has(output)) this.#producers.set(output, node);
    }
    for (const tensor of initializers) this.#initializers.set(tensor.name, tensor);
  }

  producer(value: string | undefined): OnnxNode | undefined {
    return value === undefined ? undefined : this.#producers.get(value);
  }

  /** Few integers that do not depend on the graph's inputs: an axis, an index. */
  integers(value: string | undefined): number[] | undefined {
    const node = this.producer(value);
    if (node?.operator !== 'Constant') return this.#initializers.get(value ?? '')?.integers;
    const { value: tensor, value_int: one, value_ints: list } = Object.fromEntries(node.attributes);
    return tensor?.ints ?? list?.ints ?? (one?.int === undefined ? undefined : [one.int]);
  }

  /** Whether the value is one of the file's weights, however it is stored. */
  isWeight(value: string | undefined): boolean {
    for (let at = value; ;) {
      const node = this.producer(at);
      if (this.#initializers.has(at ?? '') || node?.operator === 'Constant') return true;
      if (node === undefined || !STORED_AS.has(node.operator)) return false;
      at = node.inputs[0];
    }
  }

  /** The sizes of a weight as a product takes it; undefined where they are not in the file as they are taken. */
  weightDims(value: string | undefined): number[] | undefined {
    let turned = false;
    for (let at = value; ;) {
      const stored = this.#initializers.get(at ?? '');
      if (stored) return turned ? stored.dims.toReversed() : stored.dims;
      const node = this.producer(at);
      if (node === undefined || !SAME_WEIGHT.has(node.operator)) return undefined;
      turned = turned !== (node.operator === 'Transpose');
      at = node.inputs[0];
    }
  }

  /** What a node gives again, value by value; undefined where it gives something else. */
  before({ operator, inputs, attributes }: OnnxNode): string | undefined {
    const [input] = inputs;
    if (operator === 'DequantizeLinear') {
      const quantize = this.producer(input);
      return quantize?.operator === 'QuantizeLinear' ? quantize.inputs[0] : undefined;
    }
    return SAME_VALUES.has(operator) && (operator !== 'Cast' || FLOATS.has(attributes.get('to')?.int))
      ? input
      : undefined;
  }
}
