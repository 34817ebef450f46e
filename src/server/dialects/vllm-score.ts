import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { Failure } from '../../serving/failure';
import type { ScoreRequest } from '../../serving/scorer';
import { endpoint, type CallContext, type Endpoint, type Served } from './dialect';
import { EXAMPLE } from './example';
import { anyText, anyTexts, count, withAnyOf } from './fields';
import { scoringOf, vllmFields, vllmUsage } from './vllm-fields';

/** How all pairs of a request are scored. */
type Scoring = Omit<ScoreRequest, 'query' | 'texts' | 'topN'>;

const side = v.union([anyText, anyTexts]);

function list(given: string | string[]): string[] {
  return typeof given === 'string' ? [given] : given;
}

interface Pairs {
  scores: number[];
  tokens: number;
}

/** The two sides of the pairs, under the names that their request gives them. */
interface Sides {
  names: readonly [string, string];
  queries: string[];
  passages: string[];
  scoring: Scoring;
}

/** One query is one request; as many queries as texts are a request each. Scores stand in the order of the texts. */
async function scorePairs({ names, queries, passages, scoring }: Sides, context: CallContext): Promise<Pairs> {
  const { scorer, signal } = context;
  if (queries.length === 1) {
    const { results, tokens } = await scorer.score({ query: queries[0]!, texts: passages, ...scoring }, signal);
    const scores = new Array<number>(passages.length);
    for (const { index, score } of results) scores[index] = score;
    return { scores, tokens };
  }
  if (queries.length !== passages.length) {
    const [first, second] = names;
    throw new Failure('invalid', `'${first}' and '${second}' must be equally long lists, or '${first}' one text`);
  }
  const { maxContexts } = scorer;
  if (queries.length > maxContexts) {
    throw new Failure('too_large', `${queries.length} pairs are more than ${maxContexts}, the limit of this server`);
  }
  return await scoreEach(queries, passages, scoring, context);
}

/** Pairs in the engine at once: enough for all its workers, few enough that submitting them never holds the JS thread. */
const PAIRS_AHEAD = 128;

async function scoreEach(
  queries: string[],
  passages: string[],
  scoring: Scoring,
  { scorer, signal }: CallContext,
): Promise<Pairs> {
  const scores = new Array<number>(queries.length);
  let tokens = 0;
  let next = 0;
  // The first failure ends the others.
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const work = async () => {
    while (next < queries.length) {
      const at = next++;
      const scored = await scorer.score({ query: queries[at]!, texts: [passages[at]!], ...scoring }, either);
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

const response = v.object({
  id: v.string(),
  object: v.literal('list'),
  created: count,
  model: v.string(),
  data: v.array(v.object({ index: count, object: v.literal('score'), score: v.number() })),
  usage: vllmUsage,
});

/** The names that vLLM has for the two sides, in the order in which it looks for them; without any the last are missed. */
const NAMES = [
  ['queries', 'documents'],
  ['queries', 'items'],
  ['data_1', 'data_2'],
  ['text_1', 'text_2'],
] as const;

function scoreAt(path: string, names: (typeof NAMES)[number], served: Served): Endpoint {
  const [first, second] = names;
  const isLast = names === NAMES.at(-1);
  return endpoint({
    path,
    summary: 'Score pairs in their order (vLLM)',
    example: { [first]: EXAMPLE.query, [second]: EXAMPLE.texts },
    ...(!isLast && { claims: withAnyOf(second) }),
    request: v.looseObject({ ...vllmFields(served), [first]: side, [second]: side }),
    response,
    async answer(body, context) {
      const [queries, passages] = names.map((name) => list(body[name] as v.InferOutput<typeof side>));
      const sides = { names, queries: queries!, passages: passages!, scoring: scoringOf(body) };
      const { scores, tokens } = await scorePairs(sides, context);
      return {
        id: `score-${body.request_id ?? randomUUID()}`,
        object: 'list',
        created: Math.floor(Date.now() / 1000),
        model: body.model ?? served.name,
        data: scores.map((score, index) => ({ index, object: 'score', score })),
        usage: { prompt_tokens: tokens, total_tokens: tokens },
      };
    },
  });
}

export function scoreEndpoints(served: Served): Endpoint[] {
  return ['/score', '/v1/score'].flatMap((path) => NAMES.map((names) => scoreAt(path, names, served)));
}
