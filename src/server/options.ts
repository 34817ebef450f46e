import type { Logger } from 'pino';
import { invalidOption } from '../options';
import { DIALECT_NAMES, type DialectName } from './dialects/registry';

/** What `createHandler` takes besides the Reranker. */
export interface HandlerOptions {
  /** Which APIs to answer; default all. On a path that several share, the request's body decides. */
  dialects?: readonly DialectName[];
  /** Tokens that clients may send as `Authorization: Bearer`. None (the default): everyone is served. */
  tokens?: readonly string[];
  /** Bytes of a request body at most. Default 4 MiB. */
  maxBodyBytes?: number;
  /** Passages of a request at most. Default 4,096. */
  maxContexts?: number;
  /** Milliseconds in which a body must arrive. Default 30,000. */
  bodyTimeoutMs?: number;
  /** Milliseconds in which a request must be scored. Default: no limit. */
  requestTimeoutMs?: number;
  /** Gets one line a request: method, path, dialect, status, milliseconds. Default: no log. */
  logger?: Logger;
  /** Put the request's body into the log line, passages included. Default false. */
  logBodies?: boolean;
}

export interface CheckedHandlerOptions extends HandlerOptions {
  dialects: readonly DialectName[];
  tokens: readonly string[];
  maxBodyBytes: number;
  maxContexts: number;
  bodyTimeoutMs: number;
}

/** Node's timers turn longer delays into 1 ms. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

function positive(name: string, value: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw invalidOption(`an integer from 1 to ${max}`, name, value);
}

function dialectNames(names: readonly DialectName[]): readonly DialectName[] {
  const known = names.length > 0 && names.every((name) => DIALECT_NAMES.includes(name));
  if (known) return names;
  throw invalidOption(`names from ${DIALECT_NAMES.join(', ')}`, 'dialects', names);
}

/** A header cannot carry other characters, so a token with them could never match. */
const TOKEN = /^[\w.~+/=-]+$/;

function checkTokens(tokens: readonly string[]): readonly string[] {
  if (tokens.every((token) => TOKEN.test(token))) return tokens;
  throw invalidOption('tokens of letters, digits and . _ ~ + / = -', 'tokens', 'others (not shown)');
}

/** Throws RerankError INVALID_OPTION. */
export function checkHandlerOptions(options: HandlerOptions = {}): CheckedHandlerOptions {
  const { dialects = DIALECT_NAMES, tokens = [], maxBodyBytes = 4 * 2 ** 20, maxContexts = 4096 } = options;
  const { bodyTimeoutMs = 30_000, requestTimeoutMs } = options;
  return {
    ...options,
    dialects: dialectNames(dialects),
    tokens: checkTokens(tokens),
    maxBodyBytes: positive('maxBodyBytes', maxBodyBytes),
    maxContexts: positive('maxContexts', maxContexts),
    bodyTimeoutMs: positive('bodyTimeoutMs', bodyTimeoutMs, MAX_TIMEOUT_MS),
    requestTimeoutMs:
      requestTimeoutMs === undefined ? undefined : positive('requestTimeoutMs', requestTimeoutMs, MAX_TIMEOUT_MS),
  };
}
