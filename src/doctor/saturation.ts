import { open } from 'node:fs/promises';
import { externalPath } from '../formats/external-path';
import type { ModelGraph, StoredTensor } from '../formats/model-graph';
import { finding, NOTHING_TO_DO, type Finding } from '../checks/finding';
import type { Int8Products } from './int8-products';

const INT8 = 3;
/** u8·s8 products are added in pairs in 16 bits: 255·(|a|+|b|) must stay within 32767. */
const LARGEST_SAFE_PAIR = 128;

/** How many pairs of weights that a 16-bit dot product adds together can overflow, of how many. */
export interface Saturation {
  risky: number;
  pairs: number;
}

/** `weights` is row-major [rows, columns]; the products of a column's rows 2k and 2k+1 are added. */
export function saturationOf(weights: Int8Array, rows: number, columns: number): Saturation {
  let risky = 0;
  for (let row = 0; row + 1 < rows; row += 2) {
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      if (Math.abs(weights[at] ?? 0) + Math.abs(weights[at + columns] ?? 0) > LARGEST_SAFE_PAIR) risky += 1;
    }
  }
  return { risky, pairs: Math.floor(rows / 2) * columns };
}

function isMatrix({ dims, dataType }: StoredTensor): boolean {
  return dataType === INT8 && dims.length === 2;
}

/** The tensor's bytes, wherever they lie; undefined where they are not all there. */
async function int8Bytes({ dims, raw, external }: StoredTensor, modelPath: string): Promise<Int8Array | undefined> {
  const bytes = new Int8Array((dims[0] ?? 0) * (dims[1] ?? 0));
  const path = external ? externalPath(modelPath, external.location) : modelPath;
  const start = external?.offset ?? raw?.start;
  if (path === undefined || start === undefined) return undefined;
  const file = await open(path);
  try {
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
    return bytesRead === bytes.length ? bytes : undefined;
  } finally {
    await file.close();
  }
}

/** Looked for in the graph's int8 matrices; uint8 weights do not saturate. */
export async function countSaturation(graph: ModelGraph, modelPath: string): Promise<Saturation> {
  const total: Saturation = { risky: 0, pairs: 0 };
  for (const tensor of graph.initializers.filter(isMatrix)) {
    const bytes = await int8Bytes(tensor, modelPath).catch(() => undefined);
    if (!bytes) continue; // checkExternalData says what is missing
    const { risky, pairs } = saturationOf(bytes, tensor.dims[0] ?? 0, tensor.dims[1] ?? 0);
    total.risky += risky;
    total.pairs += pairs;
  }
  return total;
}

/** For int8 files that ONNX Runtime runs: what its products are worth on this CPU, and what these weights make of it. */
export async function checkSaturation(
  graph: ModelGraph,
  modelPath: string,
  { runtime, exact, got }: Int8Products,
): Promise<Finding[]> {
  if (got === exact) {
    const message = `ONNX Runtime ${runtime} adds int8 products without loss on this CPU: tried, ${exact} came out as ${got}`;
    return [finding('INT8_EXACT', message, NOTHING_TO_DO)];
  }
  const { risky, pairs } = await countSaturation(graph, modelPath);
  const measured = `On this CPU ONNX Runtime ${runtime} adds pairs of int8 products in 16 bits: tried, ${exact} came out as ${got}`;
  if (risky > 0) {
    const share = ((100 * risky) / pairs).toFixed(2);
    const message = `${measured}; ${share} % of the pairs of this model's weights can overflow, so scores may be wrong`;
    const remedy =
      "Use dtype 'fp32' on this machine, or give it float weights (model.safetensors): our own kernels do not saturate";
    return [finding('INT8_MAY_SATURATE', message, remedy)];
  }
  const message = `${measured}; no pair of this model's weights is large enough to overflow`;
  return [finding('INT8_SATURATION_HARMLESS', message, NOTHING_TO_DO)];
}

/** For int8 weights that our own kernels run. */
export function checkBuiltinInt8(instructionSet: string): Finding {
  const message = `Our own int8 kernels (${instructionSet}) add products in 32 bits on every CPU: nothing saturates`;
  return finding('INT8_EXACT', message, NOTHING_TO_DO);
}
