import { fieldAt, LENGTH_DELIMITED, varint, type Field } from './protobuf';

// Field numbers of onnx.proto.
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { name: 1, float: 2, int: 3, text: 4, tensor: 5, ints: 8, type: 20 } as const;
/** AttributeProto.AttributeType. */
const TYPE = { float: 1, int: 2 } as const;
const TENSOR = { dataType: 2, int32: 5, int64: 7, raw: 9 } as const;
const INT32 = 6;
const INT64 = 7;

/** What stands in one attribute; of a tensor, its integers. */
export interface OnnxAttribute {
  float?: number;
  int?: number;
  text?: string;
  ints: number[];
}

export interface OnnxNode {
  /** `domain:operator`, or `operator` of the standard's own domain. */
  operator: string;
  /** Empty where the file gives none. */
  name: string;
  /** An empty name stands for an optional input that is left out. */
  inputs: string[];
  outputs: string[];
  attributes: Map<string, OnnxAttribute>;
}

/** The fields of a message that is wholly in memory; what is cut off at the end is left out. */
function* fieldsOf(bytes: Buffer): Generator<Field> {
  for (let at = 0; at < bytes.length;) {
    const field = fieldAt(bytes, at, 0);
    if (!field || field.end > bytes.length) return;
    yield field;
    at = field.end;
  }
}

/** A negative number takes ten bytes, of which a double would lose the last bits. */
function negative(bytes: Buffer, at: number, end: number): number {
  let value = 0n;
  for (let i = at; i < end; i++) value |= BigInt(bytes[i]! & 0x7f) << BigInt(7 * (i - at));
  return Number(BigInt.asIntN(64, value));
}

function int64(bytes: Buffer, at: number): { value: number; end: number } {
  const [value, end] = varint(bytes, at) ?? [0, bytes.length];
  return { value: value > Number.MAX_SAFE_INTEGER ? negative(bytes, at, end) : value, end };
}

/** One integer, or a packed list of them. */
function integersOf(bytes: Buffer, { wire, start, end }: Field): number[] {
  if (wire !== LENGTH_DELIMITED) return [int64(bytes, start).value];
  const list: number[] = [];
  for (let at = start; at < end;) {
    const next = int64(bytes, at);
    list.push(next.value);
    at = next.end;
  }
  return list;
}

function rawIntegers(raw: Buffer, dataType: number): number[] {
  const size = dataType === INT64 ? 8 : 4;
  return Array.from({ length: Math.floor(raw.length / size) }, (_, i) =>
    size === 8 ? Number(raw.readBigInt64LE(8 * i)) : raw.readInt32LE(4 * i),
  );
}

/** The elements of a TensorProto of int32 or int64; undefined for other types. */
export function tensorIntegers(tensor: Buffer): number[] | undefined {
  const values: number[] = [];
  let dataType = 0;
  let raw: Buffer | undefined;
  for (const field of fieldsOf(tensor)) {
    if (field.number === TENSOR.dataType) dataType = int64(tensor, field.start).value;
    else if (field.number === TENSOR.int32 || field.number === TENSOR.int64) values.push(...integersOf(tensor, field));
    else if (field.number === TENSOR.raw) raw = tensor.subarray(field.start, field.end);
  }
  if (dataType !== INT32 && dataType !== INT64) return undefined;
  return raw ? rawIntegers(raw, dataType) : values;
}

const textOf = (bytes: Buffer, { start, end }: Field): string => bytes.toString('utf8', start, end);

function attributeOf(bytes: Buffer): [name: string, attribute: OnnxAttribute] {
  const found: OnnxAttribute = { ints: [] };
  let name = '';
  let type = 0;
  for (const field of fieldsOf(bytes)) {
    if (field.number === ATTRIBUTE.name) name = textOf(bytes, field);
    else if (field.number === ATTRIBUTE.float) found.float = bytes.readFloatLE(field.start);
    else if (field.number === ATTRIBUTE.int) found.int = int64(bytes, field.start).value;
    else if (field.number === ATTRIBUTE.text) found.text = textOf(bytes, field);
    else if (field.number === ATTRIBUTE.ints) found.ints.push(...integersOf(bytes, field));
    else if (field.number === ATTRIBUTE.tensor)
      found.ints = tensorIntegers(bytes.subarray(field.start, field.end)) ?? [];
    else if (field.number === ATTRIBUTE.type) type = int64(bytes, field.start).value;
  }
  // Some writers leave out zeros.
  if (type === TYPE.int) found.int ??= 0;
  if (type === TYPE.float) found.float ??= 0;
  return [name, found];
}

/** A NodeProto; of one that is cut off, what comes before the cut. */
export function readNode(bytes: Buffer): OnnxNode {
  const node: OnnxNode = { operator: '', name: '', inputs: [], outputs: [], attributes: new Map() };
  let domain = '';
  for (const field of fieldsOf(bytes)) {
    if (field.wire !== LENGTH_DELIMITED) continue;
    if (field.number === NODE.input) node.inputs.push(textOf(bytes, field));
    else if (field.number === NODE.output) node.outputs.push(textOf(bytes, field));
    else if (field.number === NODE.name) node.name = textOf(bytes, field);
    else if (field.number === NODE.opType) node.operator = textOf(bytes, field);
    else if (field.number === NODE.domain) domain = textOf(bytes, field);
    else if (field.number === NODE.attribute)
      node.attributes.set(...attributeOf(bytes.subarray(field.start, field.end)));
  }
  if (domain !== '' && domain !== 'ai.onnx') node.operator = `${domain}:${node.operator}`;
  return node;
}
