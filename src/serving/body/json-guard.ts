import { Failure } from '../failure';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Nested arrays and objects at most; the deepest request of any dialect has three. */
export const MAX_DEPTH = 32;
/** Keys of one object at most; no dialect's request has a tenth of it, and a document may have fields of its own. */
export const MAX_KEYS = 1000;

/** What may stand in a JSON text; absent: any number. */
export interface JsonLimits {
  maxContainers?: number;
  /** Items of arrays and members of objects, of all together. */
  maxValues?: number;
}

/** Where the string that opens at `start` closes; -1 if it does not. */
function closingQuote(bytes: Uint8Array, start: number): number {
  const first = bytes.indexOf(QUOTE, start + 1);
  if (first < 0 || bytes[first - 1] !== BACKSLASH || first - 1 === start) return first;
  // A search a quote would be dear where every second byte is an escaped one.
  for (let at = start + 1; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === BACKSLASH) at++;
    else if (byte === QUOTE) return at;
  }
  return -1;
}

function isWhitespace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isKey(bytes: Uint8Array, end: number): boolean {
  let next = end + 1;
  while (isWhitespace(bytes[next])) next++;
  return bytes[next] === COLON;
}

/** The key as JSON.parse reads it, so that "a" and "\u0061" are the same. */
function keyAt(bytes: Buffer, start: number, end: number): string {
  const raw = bytes.toString('utf8', start, end + 1);
  if (!raw.includes('\\')) return raw.slice(1, -1);
  try {
    return JSON.parse(raw) as string;
  } catch {
    return raw;
  }
}

/** What is open: an array, or an object with its keys so far. Most objects have one key or none, which need no Set. */
type Keys = typeof ARRAY | typeof NO_KEYS | string | Set<string>;
const ARRAY = 0;
const NO_KEYS = 1;

/** Adds a key. Throws when it is there already, or one too many. */
function withKey(keys: Keys, key: string): Keys {
  if (typeof keys === 'number') return key;
  const set = typeof keys === 'string' ? new Set([keys]) : keys;
  if (set.has(key)) {
    throw new Failure('malformed', `The JSON names the key ${JSON.stringify(key.slice(0, 64))} twice in one object`);
  }
  if (set.size === MAX_KEYS) throw new Failure('too_large', `An object of the JSON has more than ${MAX_KEYS} keys`);
  return set.add(key);
}

/**
 * Refuses what JSON.parse takes but a server should not: nesting beyond MAX_DEPTH, objects of more than MAX_KEYS keys,
 * and more arrays, objects and values than `limits`, as each costs many times its bytes in memory and time on the JS
 * thread; and an object that names a key twice, which two readers may understand differently. Does not check anything
 * else; text that is no JSON passes on to JSON.parse. One pass over the bytes, strings are skipped by memchr.
 */
export function guardJson(bytes: Buffer, { maxContainers = Infinity, maxValues = Infinity }: JsonLimits = {}): void {
  const open: Keys[] = [];
  let containers = 0;
  // Each value but the first of its container comes after a comma.
  let commas = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      const end = closingQuote(bytes, at);
      if (end < 0) return;
      const last = open.length - 1;
      if (last >= 0 && open[last] !== ARRAY && isKey(bytes, end))
        open[last] = withKey(open[last]!, keyAt(bytes, at, end));
      at = end;
    } else if (byte === COMMA) {
      if (++commas + containers > maxValues) {
        throw new Failure('too_large', `The JSON has more than ${maxValues} values`);
      }
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (open.length === MAX_DEPTH)
        throw new Failure('malformed', `The JSON is nested deeper than ${MAX_DEPTH} levels`);
      if (++containers > maxContainers) {
        throw new Failure('too_large', `The JSON has more than ${maxContainers} arrays and objects`);
      }
      open.push(byte === OPEN_BRACE ? NO_KEYS : ARRAY);
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      open.pop();
    }
  }
}
