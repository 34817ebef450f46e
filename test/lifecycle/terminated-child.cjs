// worker_threads that are terminated while they are inside the addon, again and again.
//   node terminated-child.cjs <model folder>
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { Reranker } = require('../../dist');

const WORKERS = 20;

async function inWorker() {
  const reranker = await Reranker.load(workerData.model, { threads: 1 });
  parentPort.postMessage('loaded');
  // Calls that do little but make JavaScript values, which is what a terminated thread cannot do.
  for (;;) reranker.encode('query', 'a passage');
}

async function terminated(delay) {
  const worker = new Worker(__filename, { workerData: { model: process.argv[2] } });
  await new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', () => setTimeout(resolve, delay));
  });
  await worker.terminate();
}

async function inMain() {
  for (let i = 0; i < WORKERS; i++) await terminated(i % 5);
  console.log('all terminated');
}

void (isMainThread ? inMain() : inWorker());
