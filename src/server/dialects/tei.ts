import * as v from 'valibot';
import { STATUS, type Failure, type FailureKind } from '../../serving/failure';
import { endpoint, type Dialect, type Reply } from './dialect';
import { flag, text, texts } from './fields';

const request = v.looseObject({
  query: text,
  texts,
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

/** Hugging Face's text-embeddings-inference. */
export function tei(): Dialect {
  return {
    title: 'text-embeddings-inference',
    failure,
    failureSchema: v.object({ error: v.string(), error_type: v.string() }),
    endpoints: [
      endpoint({
        path: '/rerank',
        summary: 'Rank texts (text-embeddings-inference)',
        request,
        response,
        async answer(body, { scorer, signal }) {
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
