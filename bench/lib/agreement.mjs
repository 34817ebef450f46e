// How close a peer's ranking is to the reference's, and how good it is.

/** Kendall's tau-b of two equally long lists: 1 same order, -1 reversed. (Kendall 1945, with ties.) */
export function kendallTau(left, right) {
  let agreement = 0;
  let leftPairs = 0;
  let rightPairs = 0;
  for (let i = 0; i < left.length; i++) {
    for (let j = 0; j < i; j++) {
      const a = Math.sign(left[i] - left[j]);
      const b = Math.sign(right[i] - right[j]);
      agreement += a * b;
      leftPairs += a * a;
      rightPairs += b * b;
    }
  }
  return agreement / Math.sqrt(leftPairs * rightPairs);
}

const gain = (grades) => grades.reduce((sum, grade, rank) => sum + (2 ** grade - 1) / Math.log2(rank + 2), 0);

/** NDCG@10 with gain 2^grade - 1 (Burges et al. 2005); `ideal`: grades of the best ranking there is. */
export function ndcgAt10(scores, grades, ideal) {
  const order = scores.map((_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b);
  return gain(order.slice(0, 10).map((i) => grades[i])) / gain(ideal.slice(0, 10));
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * @param {number[][]} scores One list a query, in the order of `queries`; may stop early.
 * @param {number[][]} reference Likewise.
 * @param {number} count How many queries to compare: the same for every peer of a report.
 */
export function agreementOf(scores, reference, queries, count) {
  const rows = scores.slice(0, count);
  const differences = rows.flatMap((row, q) => row.map((score, i) => Math.abs(score - reference[q][i])));
  const judged = queries.slice(0, count).every((query) => query.ideal);
  return {
    queries: count,
    kendallTau: mean(rows.map((row, q) => kendallTau(row, reference[q]))),
    largestDifference: Math.max(...differences),
    ndcgAt10: judged ? mean(rows.map((row, q) => ndcgAt10(row, queries[q].grades, queries[q].ideal))) : null,
  };
}
