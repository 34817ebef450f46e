/** Every code a RerankError can carry. The table in docs/api.md says what to do about each. */
export const RERANK_ERROR_CODES = [
  'INVALID_INPUT',
  'INVALID_OPTION',
  'MODEL_NOT_FOUND',
  'MODEL_INVALID',
  'MODEL_UNSUPPORTED',
  'MODEL_GATED',
  'DOWNLOAD_FAILED',
  'OFFLINE',
  'TOKENIZER_INVALID',
  'TOKENIZER_UNSUPPORTED',
  'RUNTIME_NOT_FOUND',
  'RUNTIME_INCOMPATIBLE',
  'PROVIDER_UNAVAILABLE',
  'ADDON_NOT_FOUND',
  'TOO_LONG',
  'INFERENCE_FAILED',
  'OVERLOADED',
  'TIMEOUT',
  'ABORTED',
  'CLOSED',
  'OUT_OF_MEMORY',
  'INTERNAL',
] as const;

export type RerankErrorCode = (typeof RERANK_ERROR_CODES)[number];

/** An error a caller can act on: a stable `code` and one sentence that says what to change. */
export class RerankError extends Error {
  override readonly name = 'RerankError';
  readonly code: RerankErrorCode;
  /** The place it is about: a JSON pointer into the input (`/contexts/0/text`, '' for the whole), an option, or a file. */
  readonly path?: string;
  /** Of OVERLOADED, where it is known: milliseconds after which the same call is likely to be taken. */
  readonly retryAfterMs?: number;

  constructor(
    code: RerankErrorCode,
    message: string,
    options: { path?: string; cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.path !== undefined) this.path = options.path;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}
