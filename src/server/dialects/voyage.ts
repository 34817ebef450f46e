import * as v from 'valibot';
import { STATUS } from '../../serving/failure';
import { endpoint, type Dialect } from './dialect';
import { EXAMPLE } from './example';
import { anyTexts, count, flag, text, topN, withAnyOf } from './fields';

const request = v.looseObject({
  query: text,
  documents: anyTexts,
  model: v.string(),
  top_k: topN,
  return_documents: flag,
  truncation: flag,
});

const response = v.object({
  object: v.literal('list'),
  data: v.array(v.object({ index: count, relevance_score: v.number(), document: v.optional(v.string()) })),
  model: v.string(),
  usage: v.object({ total_tokens: count }),
});

/** On /v1/rerank: a field that only Voyage has, or a model of Voyage's: rerank-2.5, rerank-lite-1. */
const isVoyage = v.union([
  withAnyOf('top_k', 'truncation'),
  v.looseObject({ model: v.pipe(v.string(), v.regex(/^rerank-(?:\d|lite-\d)/)) }),
]);

/** Voyage AI's rerank API. Any model name is answered by the served model. */
export function voyage(): Dialect {
  return {
    title: 'Voyage',
    failure: ({ kind, message }) => ({ status: STATUS[kind], body: { detail: message } }),
    failureSchema: v.object({ detail: v.string() }),
    endpoints: [
      endpoint({
        path: '/v1/rerank',
        summary: 'Rank documents (Voyage)',
        example: { model: 'rerank-2.5', query: EXAMPLE.query, documents: EXAMPLE.texts, top_k: 1 },
        claims: isVoyage,
        request,
        response,
        async answer({ query, documents, model, ...body }, { scorer, signal }) {
          const refuseTruncated = body.truncation === false ? "'truncation' is false" : undefined;
          const scored = await scorer.score(
            { query, texts: documents, topN: body.top_k ?? undefined, refuseTruncated },
            signal,
          );
          return {
            object: 'list',
            data: scored.results.map(({ index, score }) => ({
              index,
              relevance_score: score,
              ...(body.return_documents ? { document: documents[index]! } : undefined),
            })),
            model,
            usage: { total_tokens: scored.tokens },
          };
        },
      }),
    ],
  };
}
