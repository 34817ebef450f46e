// A Reranker and a session of another onnxruntime-node in one process, in one order or the other. Prints whether they
// give a pair the same logit, and the versions of both runtimes.
//   node beside.cjs <ours-first|theirs-first> <folder with node_modules/onnxruntime-node> <model folder>
const path = require('node:path');
const { createRequire } = require('node:module');
const { Reranker } = createRequire(path.join(process.cwd(), 'index.js'))('bge-reranker');

const [order, theirs, folder] = process.argv.slice(2);
const input = { query: 'what is a panda?', contexts: [{ text: 'The giant panda is a bear of China.' }] };

const loadOurs = () => Reranker.load(folder, { threads: 2 });

async function loadTheirs() {
  const ort = createRequire(path.join(theirs, 'index.js'))('onnxruntime-node');
  const session = await ort.InferenceSession.create(path.join(folder, 'model.onnx'), { intraOpNumThreads: 1 });
  return { ort, session };
}

async function theirLogit({ ort, session }, { ids, typeIds }) {
  const row = (values) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  const feeds = { input_ids: row(ids), attention_mask: row(ids.map(() => 1)), token_type_ids: row(typeIds) };
  return (await session.run(feeds)).logits.data[0];
}

async function main() {
  let other = order === 'theirs-first' ? await loadTheirs() : undefined;
  const reranker = await loadOurs();
  other ??= await loadTheirs();
  const ours = (await reranker.rerank(input, { rawScores: true })).response[0].score;
  const logit = await theirLogit(other, reranker.encode(input.query, input.contexts[0].text));
  await reranker.close();
  const after = await theirLogit(other, await encodeAgain());
  await other.session.release();
  // Versions of ONNX Runtime may differ in the last bits of quantised products.
  const agree = Math.abs(ours - logit) < 1e-3 && after === logit;
  console.log(JSON.stringify({ agree, ours: reranker.info.runtime.version, theirs: other.ort.env.versions.node }));
}

async function encodeAgain() {
  const reranker = await loadOurs();
  const encoded = reranker.encode(input.query, input.contexts[0].text);
  await reranker.close();
  return encoded;
}

main();
