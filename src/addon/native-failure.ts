import { RERANK_ERROR_CODES, RerankError, type RerankErrorCode } from '../errors';
import type { NativeFailure } from './native-api';

const CODES: ReadonlySet<string> = new Set(RERANK_ERROR_CODES);

function isFailure(value: unknown): value is NativeFailure & { code: RerankErrorCode } {
  const failure = value as Partial<NativeFailure> | null;
  return typeof failure === 'object' && CODES.has(failure?.code ?? '') && typeof failure?.message === 'string';
}

/**
 * Turns what the addon reports into an Error of the caller's realm. Call it in the async function that the caller
 * awaits: the error's stack then leads to the caller.
 */
export function toRerankError(failure: unknown): RerankError {
  if (failure instanceof RerankError) return failure;
  if (isFailure(failure)) return new RerankError(failure.code, failure.message, { path: failure.path || undefined });
  const message = failure instanceof Error ? failure.message : String(failure);
  return new RerankError('INTERNAL', `The native addon failed: ${message}; please report this`, { cause: failure });
}
