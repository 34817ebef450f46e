import type { Scorer } from '../serving/scorer';
import type { Served } from './dialects/dialect';
import { EXAMPLE } from './dialects/example';
import type { Route } from './dialects/route-table';

/** A request of one dialect, and what it answers. */
export interface RouteExample {
  title: string;
  request: object;
  answer: unknown;
}

/** What cross-encoder/ms-marco-MiniLM-L-12-v2 (int8) makes of the example's texts. */
const SCORED: Partial<Record<string, { logit: number; tokens: number }>> = {
  [EXAMPLE.texts[0]]: { logit: -4.337957, tokens: 16 },
  [EXAMPLE.texts[1]]: { logit: 4.457426, tokens: 20 },
};

const sigmoid = (logit: number) => 1 / (1 + Math.exp(-logit));

/** Gives these scores without a model: documentation must not wait for one, nor take its time. */
const scorer: Pick<Scorer, 'score' | 'maxContexts'> = {
  maxContexts: EXAMPLE.texts.length,
  score({ texts, topN, rawScores }) {
    const scored = texts.map((text, index) => ({ index, logit: 0, tokens: 0, ...SCORED[text] }));
    const best = scored.toSorted((a, b) => b.logit - a.logit).slice(0, topN || undefined);
    return Promise.resolve({
      results: best.map(({ index, logit }) => ({ index, score: rawScores ? logit : sigmoid(logit) })),
      tokens: scored.reduce((sum, { tokens }) => sum + tokens, 0),
    });
  },
};

/** One for each dialect of a path, answered by the dialect itself. */
export async function examplesOf(routes: readonly Route[], served: Served): Promise<RouteExample[]> {
  // Of several endpoints of one summary the last is the usual one: it claims no body.
  const bySummary = new Map(routes.map(({ endpoint }) => [endpoint.summary, endpoint]));
  return await Promise.all(
    [...bySummary].map(async ([title, { example, answer }]) => {
      const context = {
        scorer: scorer as Scorer,
        served,
        signal: new AbortController().signal,
        parameters: { model: served.name },
      };
      return { title, request: example, answer: (await answer(example, context)).body };
    }),
  );
}
