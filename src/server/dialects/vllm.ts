import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import * as v from 'valibot';
import { Failure } from '../../serving/failure';
import { endpoint, type CallContext, type Dialect, type Endpoint, type Served } from './dialect';
import { anyText, anyTexts, count, documentOut, documents, model, textOf, withAnyOf } from './fields';
import { openAiFailure, openAiFailureSchema } from './openai-failure';
import { laxCount } from './pydantic';

/** In seconds, as vLLM tells when it loaded the model. */
const STARTED = Math.floor(Date.now() / 1000);

/** Fields that no other dialect on the shared paths has. */
const hasVllmField = withAnyOf(
  'truncate_prompt_tokens',
  'use_activation',
  'activation',
  'mm_processor_kwargs',
  'priority',
  'additional_data',
  'request_id',
);

/** -1 is the model's limit; a smaller limit would need another load. */
function truncatePromptTokens({ info }: Served) {
  return v.nullish(v.union([v.literal(-1), v.pipe(v.number(), v.integer(), v.minValue(info.maxLength))]));
}

const usage = v.object({ prompt_tokens: count, total_tokens: count });

const rerankResponse = v.object({
  id: v.string(),
  model: v.string(),
  usage,
  results: v.array(v.object({ index: count, document: documentOut, relevance_score: v.number() })),
});

function rerankRequest(served: Served) {
  return v.looseObject({
    model,
    query: anyText,
    documents,
    top_n: laxCount(0),
    truncate_prompt_tokens: truncatePromptTokens(served),
  });
}

function rerankAt(path: string, served: Served, claims: Endpoint['claims']): Endpoint {
  return endpoint({
    path,
    summary: 'Rank documents (vLLM)',
    request: rerankRequest(served),
    response: rerankResponse,
    claims,
    async answer(body, { scorer, signal }) {
      const read = body.documents.map(textOf);
      const { results, tokens } = await scorer.score({ query: body.query, texts: read, topN: body.top_n ?? 0 }, signal);
      return {
        id: `rerank-${randomUUID()}`,
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

const scoreText = v.union([anyText, anyTexts]);

function list(given: string | string[]): string[] {
  return typeof given === 'string' ? [given] : given;
}

interface Pairs {
  scores: number[];
  tokens: number;
}

/** One query is one request; as many queries as texts are a request each. Scores stand in the order of the texts. */
async function scorePairs(queries: string[], passages: string[], context: CallContext): Promise<Pairs> {
  const { scorer, signal } = context;
  if (queries.length === 1) {
    const { results, tokens } = await scorer.score({ query: queries[0]!, texts: passages }, signal);
    const scores = new Array<number>(passages.length);
    for (const { index, score } of results) scores[index] = score;
    return { scores, tokens };
  }
  if (queries.length !== passages.length) {
    throw new Failure('invalid', "'text_1' and 'text_2' must be equally long lists, or 'text_1' one text");
  }
  const { maxContexts } = scorer;
  if (queries.length > maxContexts) {
    throw new Failure('too_large', `${queries.length} pairs are more than ${maxContexts}, the limit of this server`);
  }
  return await scoreEach(queries, passages, context);
}

/** Pairs in the engine at once: enough for all its workers, few enough that submitting them never holds the JS thread. */
const PAIRS_AHEAD = 128;

async function scoreEach(queries: string[], passages: string[], { scorer, signal }: CallContext): Promise<Pairs> {
  const scores = new Array<number>(queries.length);
  let tokens = 0;
  let next = 0;
  // The first failure ends the others.
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  setMaxListeners(PAIRS_AHEAD + 1, either);
  const work = async () => {
    while (next < queries.length) {
      const at = next++;
      const scored = await scorer.score({ query: queries[at]!, texts: [passages[at]!] }, either);
      scores[at] = scored.results[0]!.score;
      tokens += scored.tokens;
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(PAIRS_AHEAD, queries.length) }, work));
    return { scores, tokens };
  } catch (error) {
    stop.abort();
    throw error;
  }
}

function scoreEndpoint(served: Served): Endpoint {
  return endpoint({
    path: '/score',
    summary: 'Score pairs in their order (vLLM)',
    request: v.looseObject({
      model,
      text_1: scoreText,
      text_2: scoreText,
      truncate_prompt_tokens: truncatePromptTokens(served),
    }),
    response: v.object({
      id: v.string(),
      object: v.literal('list'),
      created: count,
      model: v.string(),
      data: v.array(v.object({ index: count, object: v.literal('score'), score: v.number() })),
      usage,
    }),
    async answer(body, context) {
      const { scores, tokens } = await scorePairs(list(body.text_1), list(body.text_2), context);
      return {
        id: `score-${randomUUID()}`,
        object: 'list',
        created: Math.floor(Date.now() / 1000),
        model: body.model ?? served.name,
        data: scores.map((score, index) => ({ index, object: 'score', score })),
        usage: { prompt_tokens: tokens, total_tokens: tokens },
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
      rerankAt('/v2/rerank', served, v.union([hasVllmField, v.looseObject({ model: v.optional(v.never()) })])),
      scoreEndpoint(served),
    ],
  };
}
