import bge = require('bge-reranker');

export async function best(folder: string): Promise<number | undefined> {
  const reranker: bge.Reranker = await bge.Reranker.load(folder);
  const output: bge.RerankOutput = await reranker.rerank({ query: 'q', contexts: [{ text: 'a' }] });
  return output.response[0]?.id;
}

// @ts-expect-error -- no default export
export type NoDefault = typeof bge.default;
