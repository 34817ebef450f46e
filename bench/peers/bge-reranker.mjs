// This package, as built in the project's root.
import { Reranker } from '../../dist/index.js';

export async function open({ model, threads }) {
  const { folder, dtype, maxLength } = model;
  const reranker = await Reranker.load(folder, { dtype, maxLength, threads });
  const { provider, runtime } = reranker.info;
  return {
    versions: { onnxruntime: runtime.version },
    settings: { dtype: reranker.info.dtype, threads, provider: provider.got },
    async rerank({ query, contexts }) {
      const input = { query, contexts: contexts.map((text) => ({ text })) };
      const { response } = await reranker.rerank(input, { rawScores: true });
      const logits = new Array(contexts.length);
      for (const { id, score } of response) logits[id] = score;
      return logits;
    },
    close: () => reranker.close(),
  };
}
