// node-llama-cpp's rankAll on a GGUF file of the same weights. Its scores are probabilities, not logits.
import { getLlama } from 'node-llama-cpp';
import { versionOf } from './version.mjs';

/** <s> query </s></s> passage </s> */
const SPECIAL_TOKENS = 4;

export async function open({ model, threads }) {
  const llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads, logLevel: 'error' });
  const network = await llama.loadModel({ modelPath: model.gguf });
  // It keeps one position of the context free.
  const context = await network.createRankingContext({ contextSize: model.maxLength + 1, threads });
  async function rerank({ query, contexts }) {
    const room = model.maxLength - SPECIAL_TOKENS - network.tokenize(query).length;
    const passages = contexts.map((text) => network.tokenize(text).slice(0, room));
    return context.rankAll(query, passages);
  }
  return {
    versions: { 'node-llama-cpp': versionOf('node-llama-cpp') },
    settings: { threads, file: model.gguf.split('/').at(-1) },
    rerank,
    close: () => llama.dispose(),
  };
}
