// This package, as built in the project's root.
import { existsSync } from 'node:fs';

const built = new URL('../../dist/index.js', import.meta.url);

export async function open({ model, threads }) {
  if (!existsSync(built)) throw Object.assign(new Error('run `npm run build` first'), { code: 'PEER_UNAVAILABLE' });
  const { Reranker } = await import(built.href);
  const { folder, dtype, maxLength } = model;
  const reranker = await Reranker.load(folder, { dtype, maxLength, threads });
  const { provider, engine, runtime } = reranker.info;
  return {
    versions: runtime ? { onnxruntime: runtime.version } : { kernels: engine.instructionSet },
    settings: { dtype: reranker.info.dtype, threads, provider: provider.got, engine: engine.name },
    engine,
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
