import * as v from 'valibot';
import type { ScoreRequest } from '../../serving/scorer';
import type { Served } from './dialect';
import { count, flag, ignored, model, only, tokenLimit } from './fields';

/** What every request of vLLM's may have beside its texts. */
export function vllmFields(served: Served) {
  return {
    model,
    use_activation: flag,
    // Its name before.
    activation: flag,
    truncate_prompt_tokens: tokenLimit(served, -1),
    truncation_side: v.nullish(v.picklist(['left', 'right'])),
    max_tokens_per_query: tokenLimit(served, 0),
    max_tokens_per_doc: tokenLimit(served, 0),
    request_id: v.nullish(v.string()),
    priority: v.nullish(v.pipe(v.number(), v.integer())),
    mm_processor_kwargs: only(),
    additional_data: ignored,
    user: ignored,
    cache_salt: ignored,
    padding: ignored,
  };
}

interface Scoring {
  use_activation?: boolean | null | undefined;
  activation?: boolean | null | undefined;
  truncation_side?: 'left' | 'right' | null | undefined;
}

/** How their pairs are to be scored. */
export function scoringOf({ use_activation, activation, truncation_side }: Scoring): Partial<ScoreRequest> {
  return {
    rawScores: !(use_activation ?? activation ?? true),
    ...(truncation_side === 'left' && {
      refuseTruncated: "This server cuts at the right end, not as 'truncation_side' asks",
    }),
  };
}

export const vllmUsage = v.object({ prompt_tokens: count, total_tokens: count });
