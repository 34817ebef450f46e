// worker_threads that load, rerank and are terminated in the middle, while the main thread reranks too.
//   node worker-child.cjs <model folder>
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { Reranker } = require('../../dist');

const contexts = Array.from({ length: 60 }, (_, i) => ({ text: `Passage ${i}: ${'words upon words '.repeat(25)}` }));
const input = { query: 'which passage?', contexts };

async function inWorker() {
  parentPort.postMessage('started');
  const reranker = await Reranker.load(workerData.model, { threads: 2 });
  parentPort.postMessage('loaded');
  while (true) await reranker.rerank(input);
}

async function terminatedAt(message, delay) {
  const worker = new Worker(__filename, { workerData: { model: process.argv[2] } });
  await new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', (got) => got === message && setTimeout(resolve, delay));
  });
  await worker.terminate();
}

async function inMain() {
  const reranker = await Reranker.load(process.argv[2], { threads: 1 });
  const before = await reranker.rerank(input);
  const rounds = [];
  for (const [message, delay] of [
    ['started', 0],
    ['started', 30],
    ['loaded', 0],
    ['loaded', 40],
    ['loaded', 150],
  ]) {
    rounds.push(terminatedAt(message, delay));
    if (rounds.length % 2 === 0) await Promise.all(rounds);
  }
  const during = await reranker.rerank(input);
  await Promise.all(rounds);
  const after = await reranker.rerank(input);
  await reranker.close();
  const same = [during, after].every((output) => JSON.stringify(output) === JSON.stringify(before));
  console.log(same ? 'same scores' : 'other scores');
}

void (isMainThread ? inMain() : inWorker());
