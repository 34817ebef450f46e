import { RerankError } from '../errors';
import { findRuntime } from '../addon/load-runtime';
import type { CheckedRerankerOptions } from '../options';
import type { ExecutionProvider } from '../types';
import { probeCuda } from './probe';

export interface UsableProviders {
  /** Those of the list to try, in order. */
  providers: ExecutionProvider[];
  /** Why a better one is not among them; empty where all are. */
  refused: string;
}

async function whyNotCuda({ cuda }: Pick<CheckedRerankerOptions, 'cuda'>): Promise<string | undefined> {
  try {
    return await probeCuda(findRuntime('cuda'), cuda);
  } catch (error) {
    if (error instanceof RerankError && error.code === 'RUNTIME_NOT_FOUND') return error.message;
    throw error;
  }
}

/**
 * The providers of a list that are worth a try: the CPU always works, so nothing behind it counts, and CUDA is tried in
 * another process first.
 * @throws {RerankError} PROVIDER_UNAVAILABLE when none is left.
 */
export async function usableProviders(
  options: Pick<CheckedRerankerOptions, 'executionProviders' | 'cuda'>,
): Promise<UsableProviders> {
  const asked = options.executionProviders;
  const providers = asked[0] === 'cpu' ? asked.slice(0, 1) : asked;
  if (!providers.includes('cuda')) return { providers, refused: '' };
  const why = await whyNotCuda(options);
  if (why === undefined) return { providers, refused: '' };
  const refused = `cuda cannot be used: ${why}`;
  if (asked.includes('cpu')) return { providers: ['cpu'], refused };
  throw new RerankError('PROVIDER_UNAVAILABLE', `${refused}; or add 'cpu' to executionProviders`);
}
