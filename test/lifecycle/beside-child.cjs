// Two Rerankers and onnxruntime-node's own session in one process, in one order or the other.
//   node beside-child.cjs <ours-first|theirs-first> <model folder>
const path = require('node:path');
const [order, folder] = process.argv.slice(2);
const { Reranker } = require('../../dist');
const ort = require('onnxruntime-node');

const input = {
  query: 'what is a panda?',
  contexts: [{ text: 'The giant panda is a bear of China.' }, { text: 'hi' }],
};

async function theirs(session, encoded) {
  const row = (values) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  const feeds = {
    input_ids: row(encoded.ids),
    attention_mask: row(encoded.ids.map(() => 1)),
    token_type_ids: row(encoded.typeIds),
  };
  return (await session.run(feeds)).logits.data[0];
}

const load = {
  ours: () => Promise.all([Reranker.load(folder, { threads: 1 }), Reranker.load(folder, { threads: 2 })]),
  theirs: () => ort.InferenceSession.create(path.join(folder, 'model.onnx'), { intraOpNumThreads: 1 }),
};

async function main() {
  let session;
  let rerankers;
  if (order === 'theirs-first') session = await load.theirs();
  rerankers = await load.ours();
  session ??= await load.theirs();

  const [a, b] = await Promise.all(rerankers.map((reranker) => reranker.rerank(input, { rawScores: true })));
  const best = a.response[0];
  const logit = await theirs(session, rerankers[0].encode(input.query, input.contexts[best.id].text));
  await rerankers[0].close();
  const later = await rerankers[1].rerank(input, { rawScores: true });
  const logitLater = await theirs(session, rerankers[1].encode(input.query, input.contexts[best.id].text));
  await session.release();
  const last = await rerankers[1].rerank(input, { rawScores: true });
  await rerankers[1].close();

  const outputs = [a, b, later, last].map((output) => JSON.stringify(output));
  const agree = new Set(outputs).size === 1 && Math.abs(logit - best.score) < 1e-5 && logit === logitLater;
  console.log(agree ? 'agree' : `differ: ${outputs.join(' ')} ${logit} ${logitLater}`);
}

main();
