// Builds what is missing, gets a real cross-encoder and reranks real passages with it.
import { createRequire } from 'node:module';
import { ensureBuilt } from './ensure-built.mjs';
import { getTestModel } from '../models/get-test-model.mjs';
import { PASSAGES, QUERY } from './sky-passages.mjs';

async function main() {
  ensureBuilt();
  console.log('Getting the test model (cross-encoder/ms-marco-MiniLM-L-12-v2, int8) ...');
  const folder = await getTestModel();
  const { Reranker } = createRequire(import.meta.url)('../../dist/index.js');

  const reranker = await Reranker.load(folder);
  const { provider, engine, runtime, threads } = reranker.info;
  // Our own kernels need no runtime.
  const by = runtime ? `ONNX Runtime ${runtime.version}` : `our own kernels (${engine.instructionSet})`;
  console.log(`Loaded on ${provider.got}, ${by}, worker threads: ${threads}\n`);

  const started = performance.now();
  const { response } = await reranker.rerank({ query: QUERY, contexts: PASSAGES.map((text) => ({ text })) });
  const elapsed = performance.now() - started;
  await reranker.close();

  console.log(`Query: ${QUERY}\n`);
  for (const { id, score } of response) {
    const text = PASSAGES[id].length > 90 ? `${PASSAGES[id].slice(0, 87)}...` : PASSAGES[id];
    console.log(`${score.toFixed(6)}  [${id}] ${text}`);
  }
  console.log(`\n${response.length} passages in ${elapsed.toFixed(0)} ms`);
}

main().catch((error) => {
  console.error(error.code ? `${error.code}: ${error.message}` : error.message);
  process.exitCode = 1;
});
