import type { FileHandle } from 'node:fs/promises';

// Enough of the protobuf wire format to walk a file of gigabytes without reading its weights.

export const LENGTH_DELIMITED = 2;
const FIXED_BYTES: Partial<Record<number, number>> = { 1: 8, 5: 4 };
export const WINDOW_BYTES = 64 * 1024;

export interface Field {
  number: number;
  wire: number;
  /** Where the value starts, and where the next field does. */
  start: number;
  end: number;
}

/** A base-128 varint at `at`, and where it ends; undefined when the bytes end first or it is not a varint. */
export function varint(bytes: Buffer, at: number): [value: number, end: number] | undefined {
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
export function fieldAt(bytes: Buffer, at: number, base: number): Field | undefined {
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
export class Window {
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
export async function* fields(window: Window, from: number, to: number): AsyncGenerator<Field> {
  for (let at = from; at < to;) {
    const field = fieldAt(await window.at(at, 20), 0, at);
    if (!field) return;
    yield field;
    at = field.end;
  }
}
