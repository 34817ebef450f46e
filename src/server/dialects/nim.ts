import * as v from 'valibot';
import { STATUS, type Failure } from '../../serving/failure';
import { endpoint, type Dialect, type Reply } from './dialect';
import { EXAMPLE } from './example';
import { anyText, count, model, text } from './fields';

const request = v.looseObject({
  model,
  query: v.looseObject({ text }),
  passages: v.pipe(v.array(v.looseObject({ text: anyText })), v.minLength(1)),
  truncate: v.nullish(v.picklist(['NONE', 'END'])),
});

const response = v.object({
  rankings: v.array(v.object({ index: count, logit: v.number() })),
  usage: v.object({ prompt_tokens: count, total_tokens: count }),
});

function failure({ kind, message }: Failure): Reply {
  const status = STATUS[kind];
  const type = status < 500 ? 'invalid_request_error' : 'server_error';
  return { status, body: { object: 'error', message, detail: {}, type } };
}

/** NVIDIA NIM's ranking of passages: logits, best first. Any model name is answered by the served model. */
export function nim(): Dialect {
  return {
    title: 'NVIDIA NIM',
    failure,
    failureSchema: v.object({
      object: v.literal('error'),
      message: v.string(),
      detail: v.object({}),
      type: v.string(),
    }),
    endpoints: [
      endpoint({
        path: '/v1/ranking',
        summary: 'Rank passages (NVIDIA NIM)',
        example: { query: { text: EXAMPLE.query }, passages: EXAMPLE.contexts, truncate: 'END' },
        request,
        response,
        async answer({ query, passages, truncate }, { scorer, signal }) {
          const texts = passages.map((passage) => passage.text);
          // NIM's default: nothing is cut unasked.
          const refuseTruncated = truncate === 'END' ? undefined : "'truncate' is not END";
          const scored = await scorer.score({ query: query.text, texts, rawScores: true, refuseTruncated }, signal);
          return {
            rankings: scored.results.map(({ index, score }) => ({ index, logit: score })),
            usage: { prompt_tokens: scored.tokens, total_tokens: scored.tokens },
          };
        },
      }),
    ],
  };
}
