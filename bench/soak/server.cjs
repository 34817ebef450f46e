// The soak's server: options as JSON in the first argument, its URL on the first line. Loads the model anew at times, uses
// it once and closes it, and answers 'handles' on its channel with what keeps its event loop alive.
const { Reranker } = require('../..');
const { closeOnSignals, serve } = require('../../dist/server');

const { reloadMs, ...options } = JSON.parse(process.argv[2]);

async function reloadOnce(counts) {
  const reranker = await Reranker.load(options.model, { threads: 1 });
  await reranker.rerank({ query: 'what is a soak', contexts: [{ text: 'a test that takes long' }] });
  await reranker.close();
  counts.reloads++;
}

serve({ port: 0, ...options }).then((server) => {
  closeOnSignals(server);
  const counts = { reloads: 0, failedReloads: 0 };
  let running = false;
  const timer = setInterval(() => {
    if (running) return;
    running = true;
    reloadOnce(counts)
      .catch(() => counts.failedReloads++)
      .finally(() => (running = false));
  }, reloadMs);
  timer.unref();
  process.on('message', () => {
    // What the garbage of the last seconds takes is no leak.
    globalThis.gc?.();
    process.send({ handles: process.getActiveResourcesInfo().length, memory: process.memoryUsage(), ...counts });
  });
  // Whoever measures was stopped: nobody else ends this process.
  process.on('disconnect', () => process.exit());
  process.channel?.unref();
  console.log(server.url);
});
