// What a worker thread does with the package: it answers the order of two passages.
const { isMainThread } = require('node:worker_threads');
const { Reranker } = require('bge-reranker');

const input = {
  query: 'Why is the sky blue?',
  contexts: [{ text: 'Paint the wall in a light blue.' }, { text: 'Air scatters blue light more than red light.' }],
};

module.exports = async function rerank(model) {
  if (isMainThread) throw new Error('This was to run in a worker thread.');
  const reranker = await Reranker.load(model, { threads: 1 });
  const { response } = await reranker.rerank(input);
  await reranker.close();
  return response.map(({ id }) => id).join();
};
