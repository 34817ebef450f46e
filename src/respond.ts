import type { NativeResult } from './addon/native-api';
import type { RerankOutput, RerankResult } from './types';

/** The native columns as rows, in the order they came: best first. */
export function toOutput({ ids, scores, tokens, truncatedTokens }: NativeResult, details: boolean): RerankOutput {
  const response: RerankResult[] = [];
  for (let i = 0; i < ids.length; i++) {
    const result: RerankResult = { id: ids[i]!, score: scores[i]! };
    if (details) {
      result.tokens = tokens[i]!;
      result.truncatedTokens = truncatedTokens[i]!;
    }
    response.push(result);
  }
  return { response };
}
