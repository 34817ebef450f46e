import type { OnnxNode } from '../formats/onnx-node';
import type { Wiring } from '../formats/onnx-wiring';

/** Where an operator that multiplies by weights has them; the bias where it adds one. */
interface Product {
  weight: number;
  bias?: number;
}
const PRODUCTS: Partial<Record<string, Product>> = {
  MatMul: { weight: 1 },
  Gemm: { weight: 1, bias: 2 },
  MatMulInteger: { weight: 1 },
  QLinearMatMul: { weight: 3 },
  'com.microsoft:FusedMatMul': { weight: 1 },
  'com.microsoft:FusedGemm': { weight: 1, bias: 2 },
  'com.microsoft:QGemm': { weight: 3, bias: 6 },
  'com.microsoft:MatMulIntegerToFloat': { weight: 1, bias: 6 },
  'com.microsoft:DynamicQuantizeMatMul': { weight: 1, bias: 4 },
  'com.microsoft:MatMulNBits': { weight: 1, bias: 5 },
  'com.microsoft:MatMulBnb4': { weight: 1 },
};
/** A product of integers becomes floats by these. */
const RESCALES: ReadonlySet<string> = new Set(['Mul', 'Cast', 'DequantizeLinear']);

/** The last linear layer of a model. */
export interface Classifier {
  /** Undefined where the file does not say how many. */
  labels: number | undefined;
}

const INTEGER_PRODUCTS: ReadonlySet<string> = new Set(['MatMulInteger', 'QLinearMatMul', 'com.microsoft:QGemm']);

const isTransposed = ({ attributes }: OnnxNode): boolean => attributes.get('transB')?.int === 1;

/** Whether it gives the product and the bias as they are: neither scaled nor activated. */
function isPlain({ attributes }: OnnxNode): boolean {
  const scales = ['alpha', 'beta'].map((name) => attributes.get(name)?.float ?? 1);
  return scales.every((scale) => scale === 1) && !attributes.get('activation')?.text;
}

/** What `product` gives for a row: told by its weights, or by its bias. */
function labelsOf(node: OnnxNode, product: Product, bias: string | undefined, wiring: Wiring): number | undefined {
  const named = node.attributes.get('N')?.int;
  const dims = wiring.weightDims(node.inputs[product.weight]);
  if (named ?? dims?.length === 2) return named ?? dims![isTransposed(node) ? 0 : 1];
  const added = wiring.weightDims(bias ?? node.inputs[product.bias ?? -1]);
  return added?.length === 1 ? added[0] : undefined;
}

function product(node: OnnxNode | undefined, bias: string | undefined, wiring: Wiring): Classifier | undefined {
  if (!node) return undefined;
  const known = PRODUCTS[node.operator];
  if (known && isPlain(node) && wiring.isWeight(node.inputs[known.weight])) {
    // What is added to a layer that has its bias is a change.
    if (bias !== undefined && node.inputs[known.bias ?? -1]) return undefined;
    return { labels: labelsOf(node, known, bias, wiring) };
  }
  if (!RESCALES.has(node.operator)) return undefined;
  // One factor of a Mul is the product, the other the scales.
  const factors = node.operator === 'Mul' ? node.inputs : node.inputs.slice(0, 1);
  const integers = factors.map((input) => wiring.producer(input)).find((it) => it && isOfIntegers(it, wiring));
  return integers && product(integers, bias, wiring);
}

/** Casts between a product of integers and its scaling; exporters write one. */
const MAX_CASTS = 4;

/** Whether a node gives a product of integers, not yet scaled: scaling what is floating point would be a change. */
function isOfIntegers(node: OnnxNode, wiring: Wiring): boolean {
  let before: OnnxNode | undefined = node;
  for (let casts = 0; before?.operator === 'Cast' && casts < MAX_CASTS; casts++) {
    before = wiring.producer(before.inputs[0]);
  }
  return before !== undefined && INTEGER_PRODUCTS.has(before.operator);
}

/** The linear layer that `node` ends: a product with weights of the file, with or without a bias; else undefined. */
export function classifierAt(node: OnnxNode, wiring: Wiring): Classifier | undefined {
  if (node.operator !== 'Add') return product(node, undefined, wiring);
  for (const [value, bias] of [node.inputs, node.inputs.toReversed()]) {
    const factor = wiring.producer(value);
    // Exporters of half precision cast between product and bias.
    const before = factor?.operator === 'Cast' ? wiring.producer(wiring.before(factor)) : undefined;
    if (wiring.isWeight(bias)) return product(factor, bias, wiring) ?? product(before, bias, wiring);
  }
  return undefined;
}
