import type { NativeResult, NativeSkipped } from './addon/native-api';
import { toRerankError } from './addon/native-failure';
import type { RerankOutput, RerankResult, SkippedContext } from './types';

/** What of the answer was asked for. */
export interface AnswerParts {
  details: boolean;
  /** Whether to list the passages without a score. */
  skipped: boolean;
}

export function skippedContext({ id, ...failure }: NativeSkipped): SkippedContext {
  const { code, message } = toRerankError(failure);
  return { id, code, message };
}

/** The native columns as rows, in the order they came: best first. */
export function toOutput(result: NativeResult, parts: AnswerParts): RerankOutput {
  const { ids, scores, tokens, truncatedTokens, skipped } = result;
  const response: RerankResult[] = [];
  for (let i = 0; i < ids.length; i++) {
    const row: RerankResult = { id: ids[i]!, score: scores[i]! };
    if (parts.details) {
      row.tokens = tokens[i]!;
      row.truncatedTokens = truncatedTokens[i]!;
    }
    response.push(row);
  }
  return parts.skipped ? { response, skipped: skipped.map(skippedContext) } : { response };
}

/** Results are best first, so that those below the bound are the last. */
export function withMinScore(output: RerankOutput, minScore: number | undefined): RerankOutput {
  if (minScore === undefined) return output;
  return { ...output, response: output.response.filter(({ score }) => score >= minScore) };
}
