import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { OnnxGraph, OnnxTensor } from '../onnx-graph';
import { finding, type Finding } from './finding';

const INT8 = 3;
/** u8·s8 products are added in pairs in 16 bits: 255·(|a|+|b|) must stay within 32767. */
const LARGEST_SAFE_PAIR = 128;

/** Every file that the graph keeps weights in, with the bytes it must have. */
function externalFiles({ initializers }: OnnxGraph): Map<string, number> {
  const files = new Map<string, number>();
  for (const { external } of initializers) {
    if (!external) continue;
    const end = external.offset + (external.length ?? 0);
    files.set(external.location, Math.max(end, files.get(external.location) ?? 0));
  }
  return files;
}

export async function checkExternalData(graph: OnnxGraph, modelPath: string): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const [location, needed] of externalFiles(graph)) {
    const path = join(dirname(modelPath), location);
    const size = await stat(path).then(
      (file) => file.size,
      () => undefined,
    );
    if (size === undefined) {
      const message = `The graph keeps weights in ${location}, which is not beside it`;
      found.push(finding('EXTERNAL_DATA_MISSING', message, `Put it at ${path}, or pull the model again`));
    } else if (size < needed) {
      const message = `${path} has ${size} bytes, the graph needs ${needed}`;
      found.push(finding('EXTERNAL_DATA_SHORT', message, 'Fetch it again: it is cut or of another model'));
    }
  }
  return found;
}

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

function isMatrix({ dims, dataType, raw }: OnnxTensor): boolean {
  return dataType === INT8 && dims.length === 2 && raw !== undefined && raw.bytes === (dims[0] ?? 0) * (dims[1] ?? 0);
}

/** Looked for in the int8 matrices that lie in the ONNX file; uint8 weights do not saturate. */
export async function measureSaturation(graph: OnnxGraph, modelPath: string): Promise<Saturation> {
  const total: Saturation = { risky: 0, pairs: 0 };
  const file = await open(modelPath);
  try {
    for (const { dims, raw } of graph.initializers.filter(isMatrix)) {
      const [rows = 0, columns = 0] = dims;
      const bytes = new Int8Array(rows * columns);
      await file.read(bytes, 0, bytes.length, raw?.start ?? 0);
      const { risky, pairs } = saturationOf(bytes, rows, columns);
      total.risky += risky;
      total.pairs += pairs;
    }
  } finally {
    await file.close();
  }
  return total;
}

/** For a CPU whose int8 dot products may add in 16 bits. */
export async function checkSaturation(graph: OnnxGraph, modelPath: string, hasVnni: boolean): Promise<Finding[]> {
  if (hasVnni) return [];
  const { risky, pairs } = await measureSaturation(graph, modelPath);
  const remedy = "Use dtype 'fp32' on this machine, or a model quantised with reduce_range";
  if (risky > 0) {
    const share = ((100 * risky) / pairs).toFixed(2);
    const message = `This CPU has no VNNI and ${share} % of the pairs of int8 weights can overflow its 16-bit sums: scores may be wrong`;
    return [finding('INT8_MAY_SATURATE', message, remedy)];
  }
  const message = 'This CPU has no VNNI: int8 is slower than it could be; its sums cannot overflow with these weights';
  return [finding('INT8_WITHOUT_VNNI', message, "Compare with dtype 'fp32': bge-reranker bench")];
}
