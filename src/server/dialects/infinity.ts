import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { endpoint, type Dialect } from './dialect';
import { EXAMPLE } from './example';
import { anyText, anyTexts, count, model, withAnyOf } from './fields';
import { openAiFailure, openAiFailureSchema } from './openai-failure';
import { laxCount, laxFlag } from './pydantic';

const request = v.looseObject({
  model,
  query: anyText,
  documents: anyTexts,
  top_n: laxCount(1),
  return_documents: laxFlag,
  raw_scores: laxFlag,
});

const response = v.object({
  object: v.literal('rerank'),
  results: v.array(v.object({ relevance_score: v.number(), index: count, document: v.optional(v.string()) })),
  model: v.string(),
  usage: v.object({ prompt_tokens: count, total_tokens: count }),
  id: v.string(),
  created: count,
});

/** michaelfeil/infinity. Any model name is answered by the served model. */
export function infinity(): Dialect {
  return {
    title: 'infinity',
    failure: openAiFailure,
    failureSchema: openAiFailureSchema,
    endpoints: [
      endpoint({
        path: '/rerank',
        summary: 'Rank documents (infinity)',
        example: { query: EXAMPLE.query, documents: EXAMPLE.texts },
        claims: withAnyOf('documents'),
        request,
        response,
        async answer(body, { scorer, signal, served }) {
          const { query, documents, top_n, raw_scores } = body;
          const { results, tokens } = await scorer.score(
            { query, texts: documents, topN: top_n ?? undefined, rawScores: raw_scores ?? false },
            signal,
          );
          return {
            object: 'rerank',
            results: results.map(({ index, score }) => ({
              relevance_score: score,
              index,
              ...(body.return_documents ? { document: documents[index]! } : undefined),
            })),
            model: body.model ?? served.name,
            usage: { prompt_tokens: tokens, total_tokens: tokens },
            id: `infinity-${randomUUID()}`,
            created: Math.floor(Date.now() / 1000),
          };
        },
      }),
    ],
  };
}
