// worker_threads that are terminated while they are inside a call of the addon, one after the other.
//   node terminated-child.cjs <model folder>
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { Reranker } = require('../../dist');

const WORKERS = 10;

async function inWorker() {
  const reranker = await Reranker.load(workerData.model, { threads: 1 });
  parentPort.postMessage('calling');
  // A call is hardly more than objects that the addon makes and fills: what fails in a thread that is being terminated.
  while (true) reranker.stats();
}

async function terminated(model) {
  const worker = new Worker(__filename, { workerData: { model } });
  await new Promise((resolve, reject) => {
    worker.on('error', reject);
    // It has to be under way: on one core the thread that got the message runs first.
    worker.on('message', () => setTimeout(resolve, 5));
  });
  await worker.terminate();
}

async function inMain() {
  for (let i = 0; i < WORKERS; i++) await terminated(process.argv[2]);
  console.log('still here');
}

void (isMainThread ? inMain() : inWorker());
