import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { endpoint, type Dialect, type Endpoint, type Served } from './dialect';
import { EXAMPLE } from './example';
import { anyText, count, documentOut, documents, textOf, withAnyOf } from './fields';
import { openAiFailure, openAiFailureSchema } from './openai-failure';
import { laxCount } from './pydantic';
import { scoringOf, vllmFields, vllmUsage } from './vllm-fields';
import { scoreEndpoints } from './vllm-score';

/** In seconds, as vLLM tells when it loaded the model. */
const STARTED = Math.floor(Date.now() / 1000);

/** Fields that no other dialect on the shared paths has. */
const VLLM_FIELDS = [
  'truncate_prompt_tokens',
  'truncation_side',
  'max_tokens_per_query',
  'use_activation',
  'activation',
  'mm_processor_kwargs',
  'additional_data',
  'request_id',
];
/** Cohere's version 2 has it too. */
const SHARED_FIELD = 'priority';

const hasVllmField = withAnyOf(...VLLM_FIELDS, SHARED_FIELD);

const rerankResponse = v.object({
  id: v.string(),
  model: v.string(),
  usage: vllmUsage,
  results: v.array(v.object({ index: count, document: documentOut, relevance_score: v.number() })),
});

function rerankRequest(served: Served) {
  return v.looseObject({
    ...vllmFields(served),
    query: anyText,
    documents,
    top_n: laxCount(0),
  });
}

function rerankAt(path: string, served: Served, claims: Endpoint['claims']): Endpoint {
  return endpoint({
    path,
    summary: 'Rank documents (vLLM)',
    // The field that tells it from the others on a shared path.
    example: { query: EXAMPLE.query, documents: EXAMPLE.texts, truncate_prompt_tokens: -1 },
    request: rerankRequest(served),
    response: rerankResponse,
    claims,
    async answer(body, { scorer, signal }) {
      const read = body.documents.map(textOf);
      const request = { query: body.query, texts: read, topN: body.top_n ?? 0, ...scoringOf(body) };
      const { results, tokens } = await scorer.score(request, signal);
      return {
        id: `rerank-${body.request_id ?? randomUUID()}`,
        model: body.model ?? served.name,
        usage: { prompt_tokens: tokens, total_tokens: tokens },
        results: results.map(({ index, score }) => ({
          index,
          document: { text: read[index]! },
          relevance_score: score,
        })),
      };
    },
  });
}

const modelList = v.object({
  object: v.literal('list'),
  data: v.array(
    v.object({
      id: v.string(),
      object: v.literal('model'),
      created: count,
      owned_by: v.string(),
      root: v.string(),
      parent: v.null(),
      max_model_len: count,
    }),
  ),
});

/** Clients ask it for the names that they may send. */
function listModels(name: string, maxLength: number): v.InferOutput<typeof modelList> {
  const model = { id: name, object: 'model', created: STARTED, owned_by: 'vllm', root: name, parent: null } as const;
  return { object: 'list', data: [{ ...model, max_model_len: maxLength }] };
}

/** vLLM's rerank and score. Any model name is answered by the served model. */
export function vllm(served: Served): Dialect {
  return {
    title: 'vLLM',
    failure: openAiFailure,
    failureSchema: openAiFailureSchema,
    lookups: [
      {
        path: '/v1/models',
        summary: 'The model (vLLM)',
        response: modelList,
        answer: ({ served: { name, info } }) => listModels(name, info.maxLength),
      },
    ],
    endpoints: [
      rerankAt('/rerank', served, v.intersect([withAnyOf('documents'), hasVllmField])),
      rerankAt('/v1/rerank', served, hasVllmField),
      // Cohere's version 2 requires a model, vLLM does not.
      rerankAt(
        '/v2/rerank',
        served,
        v.union([withAnyOf(...VLLM_FIELDS), v.looseObject({ model: v.optional(v.never()) })]),
      ),
      ...scoreEndpoints(served),
    ],
  };
}
