// Tries the CUDA provider as a load does. Arguments: time limit in ms, and what surrounds it: 'main', 'worker' (in a
// worker_thread), 'exit' or 'killed' (the process ends while it waits, once the stand-in has been called). Tries twice
// and prints both reasons as JSON, null when CUDA works.
const { statSync } = require('node:fs');
const { Worker, isMainThread } = require('node:worker_threads');
const { probeCuda } = require('../../dist/cuda/probe.js');

const [limit, where] = process.argv.slice(2);
const options = {
  deviceIds: [0],
  memoryLimitBytes: 0,
  arenaExtendStrategy: 'kNextPowerOfTwo',
  tf32: false,
  maxBatchTokens: 1,
};

if (where === 'worker' && isMainThread) {
  new Worker(__filename, { argv: process.argv.slice(2) });
} else {
  const ends = { exit: () => process.exit(), killed: () => process.kill(process.pid, 'SIGKILL') };
  if (ends[where]) setInterval(() => statSync(process.env.STUB_LOG).size > 0 && ends[where](), 5).unref();
  const probe = () => probeCuda(process.env.ONNXRUNTIME_LIBRARY, options, Number(limit));
  void (async () => {
    const reasons = [(await probe()) ?? null, (await probe()) ?? null];
    console.log(JSON.stringify(reasons));
  })();
}
