// Builds what is missing, gets a real cross-encoder and reranks real passages with it.
import { createRequire } from 'node:module';
import { ensureBuilt } from './ensure-built.mjs';
import { getTestModel } from '../models/get-test-model.mjs';

const QUERY = 'Why is the sky blue during the day?';
const PASSAGES = [
  'The daytime sky is blue because the gases of the air scatter short wavelengths of sunlight far more than long ones, as Lord Rayleigh worked out in 1871.',
  'The deep blue of lapis lazuli comes from sulfur ions held in the mineral lazurite; painters once paid more for it than for gold.',
  'At sunset the light crosses much more air on its way to the eye. Most of the blue has been scattered out of the beam by then, and what remains looks red and orange.',
  'The sea looks blue chiefly because water absorbs red light, and only to a small part because it mirrors the sky.',
  'Blue Monday, released in 1983, became the best-selling twelve-inch single of all time.',
  'On Mars the colours are reversed: fine dust makes the daytime sky butterscotch, while the region around the setting sun turns blue.',
  'A clear sky overhead is darker on a mountain top than at sea level, as there is less air above to scatter light.',
  'Bring the milk to a simmer, whisk in the cornflour and stir until the sauce coats the back of a spoon.',
];

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
