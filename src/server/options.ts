import type { Logger } from 'pino';
import { invalidOption } from '../options';
import { DIALECT_NAMES, type DialectName } from './dialects/registry';

/** What `createHandler` takes besides the Reranker. */
export interface HandlerOptions {
  /** Which APIs to answer; default all. On a path that several share, the request's body decides. */
  dialects?: readonly DialectName[] | undefined;
  /** Tokens that clients may send as `Authorization: Bearer`. None (the default): everyone is served. */
  tokens?: readonly string[] | undefined;
  /** Bytes of a request body at most. Default 4 MiB. */
  maxBodyBytes?: number | undefined;
  /** Passages of a request at most. Default 4,096. */
  maxContexts?: number | undefined;
  /**
   * Bytes of all bodies together, each from its first byte until its answer; beyond it 503 with Retry-After. Default
   * 256 MiB, or four times `maxBodyBytes` where that is more.
   */
  maxBodyBytesInFlight?: number | undefined;
  /**
   * Without tokens: names in the Host header to answer to beside IP addresses and this machine's own, so that no web page
   * reaches the server by a name of its own (DNS rebinding). Default for `serve` on the loopback `[]`, else any name.
   */
  allowedHosts?: readonly string[] | undefined;
  /** Origins whose pages may call this server, `['*']` for any. Default none: browsers get no CORS headers. */
  cors?: readonly string[] | undefined;
  /** Milliseconds in which a body must arrive. Default 30,000. */
  bodyTimeoutMs?: number | undefined;
  /** Milliseconds in which a request must be scored. Default: no limit. */
  requestTimeoutMs?: number | undefined;
  /** Gets one line a request: method, path, dialect, status, milliseconds. Default: no log. */
  logger?: Logger | undefined;
  /** Put the request's body into the log line, passages included. Default false. */
  logBodies?: boolean | undefined;
}

export interface CheckedHandlerOptions extends HandlerOptions {
  dialects: readonly DialectName[];
  tokens: readonly string[];
  maxBodyBytes: number;
  maxContexts: number;
  maxBodyBytesInFlight: number;
  bodyTimeoutMs: number;
}

/** Node's timers turn longer delays into 1 ms. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

function positive(name: string, value: number, max = Number.MAX_SAFE_INTEGER, min = 1): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalidOption(`an integer from ${min} to ${max}`, name, value);
}

function dialectNames(names: readonly DialectName[]): readonly DialectName[] {
  const known = names.length > 0 && names.every((name) => DIALECT_NAMES.includes(name));
  if (known) return names;
  throw invalidOption(`names from ${DIALECT_NAMES.join(', ')}`, 'dialects', names);
}

/** As browsers send them: scheme and host, no path. */
function checkOrigins(origins: readonly string[] | undefined): readonly string[] | undefined {
  const isOrigin = (text: string) => text === '*' || (URL.canParse(text) && new URL(text).origin === text);
  if (origins === undefined || origins.every(isOrigin)) return origins;
  throw invalidOption("origins such as 'https://app.example', or '*'", 'cors', origins);
}

function checkHosts(names: readonly string[] | undefined): readonly string[] | undefined {
  if (names === undefined || names.every((name) => /^[\w.-]+$/.test(name))) return names;
  throw invalidOption("host names without a port, such as 'rerank.example'", 'allowedHosts', names);
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
  const { bodyTimeoutMs = 30_000, requestTimeoutMs, allowedHosts, cors } = options;
  const { maxBodyBytesInFlight = Math.max(256 * 2 ** 20, 4 * maxBodyBytes) } = options;
  return {
    ...options,
    dialects: dialectNames(dialects),
    tokens: checkTokens(tokens),
    maxBodyBytes: positive('maxBodyBytes', maxBodyBytes),
    maxContexts: positive('maxContexts', maxContexts),
    maxBodyBytesInFlight: positive('maxBodyBytesInFlight', maxBodyBytesInFlight, Number.MAX_SAFE_INTEGER, maxBodyBytes),
    allowedHosts: checkHosts(allowedHosts),
    cors: checkOrigins(cors),
    bodyTimeoutMs: positive('bodyTimeoutMs', bodyTimeoutMs, MAX_TIMEOUT_MS),
    requestTimeoutMs:
      requestTimeoutMs === undefined ? undefined : positive('requestTimeoutMs', requestTimeoutMs, MAX_TIMEOUT_MS),
  };
}
