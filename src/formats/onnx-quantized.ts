import { open, type FileHandle } from 'node:fs/promises';
import { unreadable } from '../base/not-found';
import { fieldAt, fields, LENGTH_DELIMITED, Window, WINDOW_BYTES } from './protobuf';

// Field numbers of onnx.proto: ModelProto.graph, GraphProto.node, NodeProto.op_type.
const GRAPH = 7;
const NODE = 1;
const OP_TYPE = 4;

/** A node is names and attributes; weights inside one (Constant) are of no interest here. */
const MAX_NODE_BYTES = WINDOW_BYTES;

/** Operators that compute on, or unpack, weights of 8 bits or fewer. */
const QUANTIZED_OPS: ReadonlySet<string> = new Set([
  'DequantizeLinear',
  'DynamicQuantizeLinear',
  'MatMulInteger',
  'QLinearMatMul',
  'QGemm',
  'QAttention',
  'DynamicQuantizeMatMul',
  'MatMulIntegerToFloat',
  'MatMulNBits',
]);

function opType(node: Buffer): string | undefined {
  for (let at = 0; at < node.length;) {
    const field = fieldAt(node, at, 0);
    if (!field) return undefined;
    if (field.number === OP_TYPE) return node.toString('utf8', field.start, field.end);
    at = field.end;
  }
  return undefined;
}

async function hasQuantizedNode(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  const window = new Window(file);
  for await (const graph of fields(window, 0, size)) {
    if (graph.number !== GRAPH || graph.wire !== LENGTH_DELIMITED) continue;
    for await (const node of fields(window, graph.start, Math.min(graph.end, size))) {
      const length = node.end - node.start;
      if (node.number !== NODE || length > MAX_NODE_BYTES) continue;
      const bytes = (await window.at(node.start, length)).subarray(0, length);
      if (QUANTIZED_OPS.has(opType(bytes) ?? '')) return true;
    }
  }
  return false;
}

/**
 * Whether an ONNX file holds quantised weights, told by its operators; reads the graph's nodes and skips the weights.
 * False for what is not an ONNX file: the runtime says that better.
 */
export async function isQuantized(path: string): Promise<boolean> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    return await hasQuantizedNode(file);
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    await file?.close();
  }
}
