import { createReadStream } from 'node:fs';
import { RerankError } from '../errors';
import { refuseUtf16, withoutUtf8Mark } from './text-files';
import { fileError } from './usage-error';

/** In place of a path. */
export const STDIN = '-';
const NEWLINE = 0x0a;
const CHUNK_BYTES = 1 << 20;
/** A longer line is no request but a damaged file. */
export const MAX_LINE_BYTES = 64 << 20;

export interface Line {
  /** From 1, blank lines counted. */
  number: number;
  bytes: Buffer;
  /** Offset in the file after the line and its newline. */
  end: number;
  /** False for a last line without a newline. */
  terminated: boolean;
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d));
}

/** Lines of a file that are not blank, without a byte order mark, one chunk in memory at a time; the last may lack its newline. */
export async function* readLines(path: string): AsyncGenerator<Line> {
  const stream = path === STDIN ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const parts: Buffer[] = [];
  let partBytes = 0;
  let end = 0;
  let number = 0;
  const take = (last: Buffer, terminated: boolean): Line => {
    const whole = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    const bytes = number === 0 ? withoutUtf8Mark(whole) : whole;
    parts.length = 0;
    partBytes = 0;
    return { number: (number += 1), bytes, end, terminated };
  };
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      let from = 0;
      if (end === 0) refuseUtf16(chunk, path);
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
        end += at + 1 - from;
        const line = take(chunk.subarray(from, at), true);
        from = at + 1;
        if (!isBlank(line.bytes)) yield line;
      }
      const rest = chunk.subarray(from);
      parts.push(rest);
      partBytes += rest.length;
      end += rest.length;
      if (partBytes > MAX_LINE_BYTES) {
        const limit = `${MAX_LINE_BYTES >> 20} MiB`;
        throw new RerankError('INVALID_INPUT', `Line ${number + 1} of ${path} is longer than ${limit}; split it`, {
          path,
        });
      }
    }
  } catch (error) {
    throw error instanceof RerankError ? error : fileError('read', path, error);
  }
  const last = take(Buffer.alloc(0), false);
  if (!isBlank(last.bytes)) yield last;
}
