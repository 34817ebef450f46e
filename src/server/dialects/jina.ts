import * as v from 'valibot';
import { STATUS } from '../../serving/failure';
import { endpoint, type Dialect, type Served } from './dialect';
import { EXAMPLE } from './example';
import { count, documentOut, documents, model, only, text, textOf, tokenLimit } from './fields';
import { laxCount, laxFlag } from './pydantic';

const request = (served: Served) =>
  v.looseObject({
    model,
    query: text,
    documents,
    top_n: laxCount(1),
    return_documents: laxFlag,
    max_doc_length: tokenLimit(served),
    max_query_length: tokenLimit(served),
    return_embeddings: only(false),
  });

const response = v.object({
  model: v.string(),
  object: v.literal('list'),
  usage: v.object({ total_tokens: count }),
  results: v.array(v.object({ index: count, relevance_score: v.number(), document: v.optional(documentOut) })),
});

/** Jina AI's rerank API. Any model name is answered by the served model. */
export function jina(served: Served): Dialect {
  return {
    title: 'Jina',
    failure: ({ kind, message }) => ({ status: STATUS[kind], body: { detail: message } }),
    failureSchema: v.object({ detail: v.string() }),
    endpoints: [
      endpoint({
        path: '/v1/rerank',
        summary: 'Rank documents (Jina)',
        example: { model: 'jina-reranker-v2-base-multilingual', query: EXAMPLE.query, documents: EXAMPLE.texts },
        request: request(served),
        response,
        async answer(body, { scorer, signal }) {
          const texts = body.documents.map(textOf);
          const scored = await scorer.score({ query: body.query, texts, topN: body.top_n ?? undefined }, signal);
          return {
            model: body.model ?? served.name,
            object: 'list',
            usage: { total_tokens: scored.tokens },
            results: scored.results.map(({ index, score }) => ({
              index,
              relevance_score: score,
              ...(body.return_documents === false ? undefined : { document: { text: texts[index]! } }),
            })),
          };
        },
      }),
    ],
  };
}
