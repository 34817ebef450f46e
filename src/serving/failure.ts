import { RerankError, type RerankErrorCode } from '../errors';

/** What went wrong, in the server's own terms; every dialect says it in its own words. */
export type FailureKind =
  | 'malformed'
  | 'invalid'
  | 'empty'
  | 'too_long'
  | 'too_large'
  | 'unsupported_media'
  | 'unauthorized'
  | 'bad_authorization'
  | 'forbidden'
  | 'not_found'
  | 'wrong_method'
  | 'timeout'
  | 'aborted'
  | 'overloaded'
  | 'unavailable'
  | 'failed';

/** The usual HTTP status of each kind; a dialect may differ. 499 is nginx's "client closed request". */
export const STATUS: Record<FailureKind, number> = {
  malformed: 400,
  invalid: 400,
  empty: 400,
  too_long: 400,
  too_large: 413,
  unsupported_media: 415,
  unauthorized: 401,
  bad_authorization: 400,
  forbidden: 403,
  not_found: 404,
  wrong_method: 405,
  timeout: 408,
  aborted: 499,
  overloaded: 429,
  unavailable: 503,
  failed: 500,
};

interface FailureOptions {
  cause?: unknown;
  closeConnection?: boolean;
  retryAfterSeconds?: number;
}

/** A request that gets no scores. The message is one sentence for the client and holds no passage text. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly kind: FailureKind;
  /** The body was not read to its end, so the connection must not be used again. */
  readonly closeConnection: boolean;
  /** When the same request may get scores; undefined: not known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(kind: FailureKind, message: string, options: FailureOptions = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.closeConnection = options.closeConnection ?? false;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

const KINDS: Partial<Record<RerankErrorCode, FailureKind>> = {
  INVALID_INPUT: 'invalid',
  TOO_LONG: 'too_long',
  OVERLOADED: 'overloaded',
  TIMEOUT: 'timeout',
  ABORTED: 'aborted',
  CLOSED: 'unavailable',
};

/** What the client may know of an error: the reasons of unexpected ones stay in the log. */
export function toFailure(error: unknown, signal?: AbortSignal): Failure {
  if (error instanceof Failure) return error;
  if (signal?.aborted) return new Failure('aborted', 'The client closed the connection', { cause: error });
  const kind = error instanceof RerankError ? KINDS[error.code] : undefined;
  if (kind) {
    const { message, retryAfterMs } = error as RerankError;
    const retryAfterSeconds = retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1000);
    return new Failure(kind, message, { cause: error, retryAfterSeconds });
  }
  return new Failure('failed', 'The model could not score this request; the server log has the reason', {
    cause: error,
  });
}
