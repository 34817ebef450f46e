import { RerankError } from '../errors';

const UTF8_BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** The encoding that a byte order mark names; undefined without one. */
export function encodingByMark(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | undefined {
  const [first, second, third] = bytes;
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
}

export function withoutUtf8Mark(bytes: Buffer): Buffer {
  return encodingByMark(bytes) === 'utf-8' ? bytes.subarray(UTF8_BOM.length) : bytes;
}

function notText(name: string, what: string): RerankError {
  const remedy = 'convert it to UTF-8, by iconv -f ENCODING -t UTF-8 for example';
  return new RerankError('INVALID_INPUT', `${name} ${what}; ${remedy}`, { path: name });
}

/**
 * The text of a file: UTF-8, or UTF-16 where a byte order mark says so.
 * @throws {RerankError} INVALID_INPUT for what is neither, such as Latin-1, and for UTF-16 without its mark.
 */
export function decodeText(bytes: Buffer, name: string): string {
  const encoding = encodingByMark(bytes) ?? 'utf-8';
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw notText(name, `is not valid ${encoding.toUpperCase()}`);
  }
  if (text.includes('\0')) throw notText(name, 'holds NUL characters, as UTF-16 without a byte order mark does');
  return text;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Undefined for what is not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** For files that are read line by line. Throws for a first chunk that begins with a mark of UTF-16. */
export function refuseUtf16(start: Uint8Array, name: string): void {
  const encoding = encodingByMark(start);
  if (encoding !== undefined && encoding !== 'utf-8') throw notText(name, `is ${encoding.toUpperCase()}`);
}
