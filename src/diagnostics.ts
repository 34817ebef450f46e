import { tracingChannel } from 'node:diagnostics_channel';

/** What subscribers of `bge-reranker:rerank` get; the fields without `?` are there from the start event on. */
export interface RerankTrace {
  /** As given to `load`. */
  model: string;
  /** Passages of the request. */
  contexts: number;
  /** Worker time in the tokenizer, milliseconds; from here on once the request is scored. */
  tokenizeMs?: number;
  /** From the call to the first run of the model, milliseconds. */
  queueMs?: number;
  /** Worker time in the model, summed over the threads, milliseconds. */
  runMs?: number;
  /** Set by Node on the error event. */
  error?: unknown;
}

/** The tracing channel's name: Node publishes on `tracing:bge-reranker:rerank:start`, `:asyncEnd`, `:error` and so on. */
export const RERANK_CHANNEL = 'bge-reranker:rerank';

const channel = tracingChannel<RerankTrace>(RERANK_CHANNEL);

/** Runs `work` with its events published; where nobody listens, that costs a few comparisons. */
export function traced<T>(trace: RerankTrace, work: () => Promise<T>): Promise<T> {
  const { start, end, asyncStart, asyncEnd, error } = channel;
  const heard = [start, end, asyncStart, asyncEnd, error].some(({ hasSubscribers }) => hasSubscribers);
  return heard ? channel.tracePromise(work, trace) : work();
}
