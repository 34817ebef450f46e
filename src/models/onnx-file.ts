import { open, type FileHandle } from 'node:fs/promises';
import { unreadable } from './not-found';

// Field numbers of onnx.proto: ModelProto.graph, GraphProto.node, NodeProto.op_type.
const GRAPH = 7;
const NODE = 1;
const OP_TYPE = 4;
const LENGTH_DELIMITED = 2;
const FIXED_BYTES: Partial<Record<number, number>> = { 1: 8, 5: 4 };

const WINDOW_BYTES = 64 * 1024;
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

interface Field {
  number: number;
  wire: number;
  /** Where the value starts, and where the next field does. */
  start: number;
  end: number;
}

/** A base-128 varint at `at`, and where it ends; undefined when the bytes end first or it is not a varint. */
function varint(bytes: Buffer, at: number): [value: number, end: number] | undefined {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return [value, at + i + 1];
  }
  return undefined;
}

/** Reads the field header at `at`; `base` is the file offset of bytes[0]. */
function fieldAt(bytes: Buffer, at: number, base: number): Field | undefined {
  const key = varint(bytes, at);
  if (!key) return undefined;
  const [tag, afterKey] = key;
  const wire = tag % 8;
  const number = Math.floor(tag / 8);
  const fixed = FIXED_BYTES[wire];
  if (fixed !== undefined) return { number, wire, start: base + afterKey, end: base + afterKey + fixed };
  const value = wire === 0 || wire === LENGTH_DELIMITED ? varint(bytes, afterKey) : undefined;
  if (!value) return undefined;
  const start = wire === LENGTH_DELIMITED ? base + value[1] : base + afterKey;
  return { number, wire, start, end: wire === LENGTH_DELIMITED ? start + value[0] : base + value[1] };
}

/** A sliding window over a file, so that weights are stepped over and never read. */
class Window {
  #bytes: Buffer = Buffer.alloc(0);
  #offset = 0;

  constructor(private readonly file: FileHandle) {}

  /** At least `length` bytes from `offset`, fewer only at the end of the file. */
  async at(offset: number, length: number): Promise<Buffer> {
    const from = offset - this.#offset;
    if (from >= 0 && from + length <= this.#bytes.length) return this.#bytes.subarray(from);
    const buffer = Buffer.allocUnsafe(Math.max(WINDOW_BYTES, length));
    const { bytesRead } = await this.file.read(buffer, 0, buffer.length, offset);
    this.#bytes = buffer.subarray(0, bytesRead);
    this.#offset = offset;
    return this.#bytes;
  }
}

/** The fields of the message in [from, to), in order; ends early at bytes that are not protobuf. */
async function* fields(window: Window, from: number, to: number): AsyncGenerator<Field> {
  for (let at = from; at < to;) {
    const field = fieldAt(await window.at(at, 20), 0, at);
    if (!field) return;
    yield field;
    at = field.end;
  }
}

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
