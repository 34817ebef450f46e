import { prepareChecked, Reranker } from '../reranker';
import type { RerankOptions, RerankOutput } from '../types';
import { Failure, toFailure } from './failure';

/** What the server needs of a Reranker. */
export type ServedReranker = Pick<Reranker, 'rerank' | 'stats' | 'info'>;

/** Texts as a dialect has checked them. */
export interface ScoreRequest {
  query: string;
  texts: string[];
  /** Results wanted; 0 or absent: all. */
  topN?: number;
  rawScores?: boolean;
  /** What to judge by. */
  instruction?: string;
  /** Refuse what the model could not read whole, with this sentence's beginning. */
  refuseTruncated?: string;
}

export interface Scored {
  /** Best first, `topN` of them. */
  results: { index: number; score: number }[];
  /** Tokens of all pairs as the model read them, special tokens included; also of those beyond `topN`. */
  tokens: number;
}

/** Scores one request with the limits of one server. Throws Failures only. */
export interface Scorer {
  score(request: ScoreRequest, signal?: AbortSignal): Promise<Scored>;
  readonly reranker: ServedReranker;
  readonly maxContexts: number;
}

export interface ScoringLimits {
  maxContexts: number;
  requestTimeoutMs?: number;
}

function refuseTruncated(results: { id: number; truncatedTokens?: number }[], beginning: string): void {
  const cut = results.find(({ truncatedTokens = 0 }) => truncatedTokens > 0);
  if (cut)
    throw new Failure(
      'too_long',
      `${beginning}, but text ${cut.id} with its query is ${cut.truncatedTokens} tokens too long`,
    );
}

/** A text is checked once, by its dialect; only another make of Reranker, which may wrap one, looks again. */
function scoreAll(
  reranker: ServedReranker,
  { query, texts }: ScoreRequest,
  options: RerankOptions,
): Promise<RerankOutput> {
  if (reranker instanceof Reranker) return reranker.run(prepareChecked({ query, texts, topK: 0 }, options));
  return reranker.rerank({ query, contexts: texts.map((text) => ({ text })) }, options);
}

export function createScorer(reranker: ServedReranker, { maxContexts, requestTimeoutMs }: ScoringLimits): Scorer {
  return {
    reranker,
    maxContexts,
    async score(request, signal) {
      const { texts, topN, rawScores, instruction, refuseTruncated: beginning } = request;
      if (texts.length > maxContexts) {
        throw new Failure(
          'too_large',
          `${texts.length} passages are more than ${maxContexts}, the limit of this server`,
        );
      }
      if (instruction !== undefined && !reranker.info.prompt?.takesInstruction) {
        throw new Failure('invalid', 'The served model takes no instruction; leave it out');
      }
      try {
        // All results, as the usage counts every pair.
        const options = { details: true, rawScores, instruction, signal, timeoutMs: requestTimeoutMs };
        const { response } = await scoreAll(reranker, request, options);
        if (beginning !== undefined) refuseTruncated(response, beginning);
        const results = response.slice(0, topN || undefined).map(({ id, score }) => ({ index: id, score }));
        return { results, tokens: response.reduce((sum, { tokens = 0 }) => sum + tokens, 0) };
      } catch (error) {
        throw toFailure(error, signal);
      }
    },
  };
}
