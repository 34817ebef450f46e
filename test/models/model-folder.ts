import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bytesField as field } from '../../src/formats/protobuf-writer';
import { temporaryFolder } from '../support/temporary-folder';

const node = (opType: string) =>
  field(1, Buffer.concat([field(1, Buffer.from('input')), field(4, Buffer.from(opType))]));
const initializer = (bytes: number) => field(5, field(9, Buffer.alloc(bytes, 0xff)));

/** An ONNX ModelProto with these operators, `weightBytes` of weights, and no more sense than that. */
export function onnx(opTypes: string[], weightBytes = 0): Buffer {
  const graph = Buffer.concat([initializer(weightBytes), ...opTypes.map(node)]);
  return Buffer.concat([Buffer.from([8, 8]), field(2, Buffer.from('producer')), field(7, graph)]);
}

export const FP32 = onnx(['MatMul', 'Add', 'Softmax']);
export const INT8 = onnx(['MatMul', 'DynamicQuantizeLinear', 'MatMulInteger']);

/** A new folder with these files; objects are written as JSON. */
export function folderWith(files: Record<string, Buffer | string | object>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    const isRaw = typeof content === 'string' || Buffer.isBuffer(content);
    writeFileSync(join(folder, name), isRaw ? content : JSON.stringify(content));
  }
  return folder;
}
