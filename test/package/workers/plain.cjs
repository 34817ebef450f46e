// worker_threads that use the package while the main thread does not. Prints what each answered.
//   node plain.cjs <once|loads|turns|terminated> <model folder>
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const answers = (worker) =>
  new Promise((resolve, reject) => {
    const got = [];
    worker.on('message', (answer) => got.push(answer));
    worker.on('error', reject);
    worker.on('exit', () => resolve(got.join(' ')));
  });
const start = (what) => new Worker(__filename, { workerData: { what, model: process.argv[3] } });

const WAYS = {
  once: () => answers(start('once')),
  loads: () => answers(start('loads')),
  /** The first worker is gone, and the addon closed with it, when the next one comes. */
  turns: async () => `${await answers(start('once'))} ${await answers(start('once'))}`,
  terminated: async () => {
    const worker = start('forever');
    worker.once('message', () => worker.terminate());
    return (await answers(worker)).split(' ')[0];
  },
};

async function inWorker({ what, model }) {
  const rerank = require('./rerank.cjs');
  const say = (answer) => parentPort.postMessage(answer);
  say(await rerank(model));
  if (what === 'loads') for (const answer of await Promise.all([rerank(model), rerank(model)])) say(answer);
  while (what === 'forever') await rerank(model);
}

if (isMainThread) WAYS[process.argv[2]]().then(console.log);
else void inWorker(workerData);
