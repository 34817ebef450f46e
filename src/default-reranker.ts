import { DEFAULT_MODEL } from './base/default-model';
import { within } from './cancellation';
import { emptyOutput, prepareCall, Reranker } from './reranker';
import type { RerankInput, RerankOptions, RerankOutput } from './types';

let shared: Promise<Reranker> | undefined;

/** One load for all concurrent first calls; a failed one is forgotten, so that the next call tries again. */
function sharedReranker(): Promise<Reranker> {
  shared ??= Reranker.load(process.env['BGE_RERANKER_MODEL'] || DEFAULT_MODEL).catch((error: unknown) => {
    shared = undefined;
    throw error;
  });
  return shared;
}

/**
 * `Reranker.rerank` on a shared Reranker with default options, loaded by the first call: the model that the environment
 * variable BGE_RERANKER_MODEL names, else `@cf/baai/bge-reranker-base`. `signal` and `timeoutMs` cover the load too; the
 * load itself goes on for later calls.
 * @throws {RerankError} What `Reranker.load` and `Reranker.rerank` throw.
 */
export async function rerank(input: RerankInput, options?: RerankOptions): Promise<RerankOutput> {
  const call = prepareCall(input, options);
  if (call.input.texts.length === 0) return emptyOutput(call);
  const reranker = await within(sharedReranker(), call.limits);
  return await reranker.run(call);
}
