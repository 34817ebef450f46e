import * as v from 'valibot';
import { Failure, STATUS, type FailureKind } from '../../serving/failure';
import { endpoint, type Dialect, type LookupContext, type Reply } from './dialect';
import { EXAMPLE } from './example';
import { anyText, anyTexts, count, flag } from './fields';

const request = v.looseObject({
  query: anyText,
  texts: anyTexts,
  truncate: flag,
  truncation_direction: v.nullish(v.picklist(['right', 'Right', 'left', 'Left'])),
  raw_scores: flag,
  return_text: flag,
});

const response = v.array(v.object({ index: v.number(), text: v.optional(v.string()), score: v.number() }));

const ERROR_TYPES: Partial<Record<FailureKind, [type: string, status: number]>> = {
  empty: ['Empty', 400],
  invalid: ['Validation', 422],
  malformed: ['Validation', 422],
  too_long: ['Validation', 422],
  too_large: ['Validation', 413],
  overloaded: ['Overloaded', 429],
  unavailable: ['Unhealthy', 503],
  failed: ['Backend', 424],
};

function failure({ kind, message }: Failure): Reply {
  const [error_type, status] = ERROR_TYPES[kind] ?? ['Validation', STATUS[kind]];
  return { status, body: { error: message, error_type } };
}

/** The engine cuts at the right end only, so `left` is the same only while nothing is cut. */
function refusal({ truncate, truncation_direction: direction }: v.InferOutput<typeof request>): string | undefined {
  if (truncate === false) return "'truncate' is false";
  return direction?.toLowerCase() === 'left'
    ? "This server cuts at the right end, not as 'truncation_direction' asks"
    : undefined;
}

/** Only a pair of nothing and nothing is refused. */
function refuseEmptyPair({ query, texts }: v.InferOutput<typeof request>): void {
  const empty = query === '' ? texts.indexOf('') : -1;
  if (empty >= 0) throw new Failure('invalid', `'query' and 'texts.${empty}' cannot both be empty`);
}

const info = v.object({
  model_id: v.string(),
  model_sha: v.nullable(v.string()),
  model_dtype: v.string(),
  served_model_name: v.string(),
  model_type: v.object({
    reranker: v.object({ id2label: v.record(v.string(), v.string()), label2id: v.record(v.string(), v.number()) }),
  }),
  max_concurrent_requests: count,
  max_input_length: count,
  max_batch_tokens: count,
  max_batch_requests: v.nullable(count),
  max_client_batch_size: count,
  auto_truncate: v.boolean(),
  tokenization_workers: count,
  version: v.string(),
  sha: v.nullable(v.string()),
  docker_label: v.nullable(v.string()),
});

const DTYPES: Partial<Record<string, string>> = { fp32: 'float32', fp16: 'float16', bf16: 'bfloat16' };

/** TEI's own default; this server's queue is bounded by tokens. */
const TEI_CONCURRENT_REQUESTS = 512;

/** Clients ask it for the kind of model and for how many texts a request may hold. */
function describe({ served, scorer, version }: LookupContext): v.InferOutput<typeof info> {
  const { name, info: model } = served;
  return {
    model_id: name,
    model_sha: null,
    model_dtype: DTYPES[model.dtype] ?? model.dtype,
    served_model_name: name,
    model_type: { reranker: { id2label: { '0': 'LABEL_0' }, label2id: { LABEL_0: 0 } } },
    max_concurrent_requests: TEI_CONCURRENT_REQUESTS,
    max_input_length: model.maxLength,
    max_batch_tokens: scorer.maxContexts * model.maxLength,
    max_batch_requests: null,
    max_client_batch_size: scorer.maxContexts,
    auto_truncate: model.truncation !== 'none',
    tokenization_workers: model.threads,
    version,
    sha: null,
    docker_label: null,
  };
}

/** Hugging Face's text-embeddings-inference. */
export function tei(): Dialect {
  return {
    title: 'text-embeddings-inference',
    failure,
    failureSchema: v.object({ error: v.string(), error_type: v.string() }),
    lookups: [{ path: '/info', summary: 'The model (text-embeddings-inference)', response: info, answer: describe }],
    endpoints: [
      endpoint({
        path: '/rerank',
        summary: 'Rank texts (text-embeddings-inference)',
        example: { query: EXAMPLE.query, texts: EXAMPLE.texts },
        request,
        response,
        async answer(body, { scorer, signal }) {
          refuseEmptyPair(body);
          const { results } = await scorer.score(
            {
              query: body.query,
              texts: body.texts,
              rawScores: body.raw_scores ?? false,
              refuseTruncated: refusal(body),
            },
            signal,
          );
          return results.map(({ index, score }) =>
            body.return_text ? { index, text: body.texts[index]!, score } : { index, score },
          );
        },
      }),
    ],
  };
}
