import { LENGTH_DELIMITED } from './protobuf';

// The wire format's two kinds of field that a small ONNX file needs; a message is its fields, joined.

function varint(value: number): number[] {
  return value < 128 ? [value] : [128 | (value & 127), ...varint(value >>> 7)];
}

/** Bytes, text, or a nested message. */
export function bytesField(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([...varint(number * 8 + LENGTH_DELIMITED), ...varint(bytes.length)]), bytes]);
}

/** `value` from 0 to 2^31 - 1. */
export function integerField(number: number, value: number): Buffer {
  return Buffer.from([...varint(number * 8), ...varint(value)]);
}
