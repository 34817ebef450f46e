import {
  RERANK_ERROR_CODES,
  rerank,
  Reranker,
  RerankError,
  type ModelInfo,
  type RerankerOptions,
  type RerankErrorCode,
  type RerankerStats,
  type RerankInput,
  type RerankOptions,
  type RerankOutput,
} from 'bge-reranker';
import { DIALECT_NAMES, serve, type HandlerOptions } from 'bge-reranker/server';
import { createAi } from 'bge-reranker/workers-ai';

const input: RerankInput = { query: 'q', contexts: [{ text: 'a' }] };

export async function goodUses(signal: AbortSignal): Promise<number> {
  const options: RerankerOptions = {
    dtype: 'int8',
    executionProviders: ['cuda', 'cpu'],
    cuda: {
      deviceIds: [0, 1],
      memoryLimitBytes: 2 ** 33,
      arenaExtendStrategy: 'kSameAsRequested',
      tf32: true,
      maxBatchTokens: 4096,
    },
    threads: 2,
    maxLength: 512,
    truncation: 'only_second',
    maxQueuedTokens: 1000,
  };
  await using reranker = await Reranker.load('folder', options);
  const callOptions: RerankOptions = { signal, timeoutMs: 100, rawScores: true, details: true };
  const output: RerankOutput = await reranker.rerank({ ...input, top_k: null }, callOptions);
  const { ids, typeIds, truncatedTokens } = reranker.encode('q', 't', { maxLength: 2 ** 20, truncation: 'none' });
  const outcomes: PromiseSettledResult<RerankOutput>[] = await reranker.rerankMany([input] as const, { minScore: 0.5 });
  const rows = [{ id: 'a', title: 't' }];
  const ranked = await reranker.rerankDocuments({ query: 'q', documents: rows, text: ({ title }) => [title] });
  const rowIds: string[] = ranked.results.map(({ document }) => document.id);
  const strings = await reranker.rerankDocuments({ query: 'q', documents: ['a'] as const });
  const bestString: 'a' | undefined = strings.results[0]?.document;
  // @ts-expect-error What has no text of its own needs an accessor.
  await reranker.rerankDocuments({ query: 'q', documents: rows });
  const stats: RerankerStats = reranker.stats();
  const info: ModelInfo = reranker.info;
  const provider: 'cuda' | 'cpu' = info.provider.got;
  const devices: readonly number[] | undefined = info.provider.deviceIds;
  const disposable: AsyncDisposable = reranker;
  await disposable[Symbol.asyncDispose]();
  const closed: Promise<void> = reranker.close();
  await closed;
  // A variable with more fields fits: extra fields are allowed.
  const wider = { query: 'q', contexts: [{ text: 'a', source: 'b' }], top_k: 1, user: 'me' };
  const [best] = (await rerank(wider)).response;
  const tokens: number | undefined = best?.tokens;
  return (
    ids.length +
    outcomes.length +
    rowIds.length +
    (bestString?.length ?? 0) +
    typeIds.length +
    truncatedTokens +
    stats.queuedTokens +
    output.response.length +
    (tokens ?? 0) +
    provider.length +
    (devices?.length ?? 0)
  );
}

/** Arrays may be readonly, and what may be left out may be undefined: with exactOptionalPropertyTypes that is a type of its own. */
export async function wideUses(some?: {
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
  top?: number | undefined;
}): Promise<RerankOutput> {
  const providers = ['cuda', 'cpu'] as const;
  const contexts: readonly { readonly text: string }[] = Object.freeze([{ text: 'a' }]);
  const reranker = await Reranker.load('folder', {
    dtype: undefined,
    executionProviders: providers,
    cuda: { deviceIds: [0, 1] as const, memoryLimitBytes: undefined, arenaExtendStrategy: undefined, tf32: undefined },
    threads: some?.threads,
    maxLength: undefined,
    truncation: undefined,
    maxQueuedTokens: undefined,
    weightCache: undefined,
  });
  reranker.encode('q', 't', { maxLength: undefined, truncation: undefined });
  const longDocuments = { window: undefined, stride: undefined, aggregate: undefined };
  const options = {
    signal: some?.signal,
    timeoutMs: undefined,
    rawScores: undefined,
    details: undefined,
    longDocuments,
  };
  return reranker.rerank({ query: 'q', contexts, top_k: some?.top }, options);
}

export async function wideServer(logger?: HandlerOptions['logger']): Promise<void> {
  const handler: HandlerOptions = { dialects: DIALECT_NAMES, tokens: undefined, cors: undefined, logger };
  const server = await serve({ ...handler, model: undefined, reranker: { threads: undefined }, port: undefined });
  await server.close();
  const ai = createAi({ model: 'folder', threads: undefined });
  const contexts = [{ text: 'a' }, { text: undefined }] as const;
  await ai.run('@cf/baai/bge-reranker-base', { query: 'q', contexts }, { signal: undefined });
}

export function errorsHaveCodes(error: unknown): RerankErrorCode | undefined {
  const all: readonly RerankErrorCode[] = RERANK_ERROR_CODES;
  if (!(error instanceof RerankError) || !all.includes(error.code)) return undefined;
  const place: string | undefined = error.path;
  return place === '' ? 'INVALID_INPUT' : error.code;
}

export function wrongUses(reranker: Reranker): void {
  // @ts-expect-error -- query is required
  void reranker.rerank({ contexts: [{ text: 'a' }] });
  // @ts-expect-error -- contexts hold objects
  void reranker.rerank({ query: 'q', contexts: ['a'] });
  // @ts-expect-error -- a number
  void reranker.rerank({ ...input, top_k: '3' });
  // @ts-expect-error -- no such option
  void reranker.rerank(input, { topK: 3 });
  // @ts-expect-error -- no such dtype
  void Reranker.load('folder', { dtype: 'fp8' });
  // @ts-expect-error -- no such strategy
  void Reranker.load('folder', { cuda: { arenaExtendStrategy: 'kAll' } });
  // @ts-expect-error -- a list
  void Reranker.load('folder', { executionProviders: 'cpu' });
  // @ts-expect-error -- the model is required
  void Reranker.load();
  // @ts-expect-error -- made by load only
  new Reranker();
  // @ts-expect-error -- not part of the package's surface
  void reranker.run;
  // @ts-expect-error -- read-only
  reranker.info = reranker.info;
  // @ts-expect-error -- a promise, not the output
  reranker.rerank(input).response;
  // @ts-expect-error -- no such code
  new RerankError('NO_SUCH_CODE', 'message');
}
