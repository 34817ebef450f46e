// Passages of a wanted length, from words of the data set, so that no peer's truncation plays a part.

const wordsFrom = (dataset, start, count) => {
  const words = [];
  for (let at = start; words.length < count; at++) {
    const { contexts } = dataset.queries[at % dataset.queries.length];
    words.push(...contexts[at % contexts.length].split(/\s+/));
  }
  return words.slice(0, count);
};

/** The longest passage from `start` on whose pair has at most `tokens` tokens. A query that leaves no room is an error. */
async function fittingPassage(dataset, query, tokens, start, tokensOf) {
  const words = wordsFrom(dataset, start, tokens);
  let fits = 0;
  let tooMany = words.length + 1;
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1;
    if ((await tokensOf(query, words.slice(0, middle).join(' '))) <= tokens) fits = middle;
    else tooMany = middle;
  }
  if (fits === 0) throw new Error(`the query leaves no room for a passage in ${tokens} tokens: ${query}`);
  return words.slice(0, fits).join(' ');
}

/**
 * Requests of 30 passages, pair lengths by `lengthOf()`. Only queries that leave half of the shortest pair free are used.
 */
export async function fittedRequests(dataset, tokensOf, requests, shortest, lengthOf) {
  const made = [];
  for (const [at, { query, contexts }] of dataset.queries.entries()) {
    if (made.length === requests) break;
    if ((await tokensOf(query, '')) > shortest / 2) continue;
    const texts = [];
    for (let i = 0; i < contexts.length; i++) {
      texts.push(await fittingPassage(dataset, query, lengthOf(), at * contexts.length + i, tokensOf));
    }
    made.push({ query, contexts: texts });
  }
  if (made.length === 0) throw new Error('every query of the data set is too long for this case');
  return made;
}
