import { catalogEntry, hubName } from '../models/catalog';
import { DTYPE_FACTS } from '../models/dtypes';
import type { Reranker } from '../reranker';
import { REFERENCE_CASES, type ReferenceCase } from './cases';
import { largestDifference, logitOf, type Outcome } from './outcome';

/** By the name it was loaded under; a folder says nothing, so the user must. */
function casesOf(reranker: Reranker): ReferenceCase[] {
  const { model, files, architecture } = reranker.info;
  const name = catalogEntry(model.split('@')[0] ?? '')?.name ?? hubName(model);
  const isBase = /bge-reranker-base\/?$/.test(name);
  return REFERENCE_CASES.filter(
    (known) => isBase && known.architecture === architecture && known.tokenizers.includes(files.tokenizer.sha256),
  );
}

/** Stored scores of the model, where some are known. */
export async function checkReference(reranker: Reranker): Promise<Outcome> {
  const cases = casesOf(reranker);
  if (cases.length === 0) {
    return { check: 'reference', status: 'skipped', message: 'No reference scores of this model are stored' };
  }
  const tolerance = DTYPE_FACTS[reranker.info.dtype].fromService;
  let largest = 0;
  for (const { input, scores } of cases) {
    const { response } = await reranker.rerank(input, { rawScores: true });
    const logits = [...response].sort((a, b) => a.id - b.id).map(({ score }) => score);
    largest = Math.max(largest, largestDifference(scores.map(logitOf), logits));
  }
  const sources = cases.map(({ source }) => source).join(', ');
  return {
    check: 'reference',
    status: largest <= tolerance ? 'pass' : 'fail',
    message: `${sources}: logits differ by ${largest.toPrecision(3)} at most, ${tolerance} is allowed for ${reranker.info.dtype}`,
  };
}
