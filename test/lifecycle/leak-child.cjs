// Does one thing many times and prints the resident set (bytes, after a garbage collection) after each round.
//   node --expose-gc child.cjs <load|rerank|refuse> <rounds> <model folder>
const [what, rounds, model] = process.argv.slice(2);
const { Reranker } = require('../../dist');

const contexts = Array.from({ length: 10 }, (_, i) => ({ text: `Passage ${i} ${'with a few words '.repeat(i)}` }));

const kinds = {
  load: () => async () => {
    const reranker = await Reranker.load(model);
    await reranker.rerank({ query: 'q', contexts });
    await reranker.close();
  },
  rerank: async () => {
    const reranker = await Reranker.load(model);
    let calls = 0;
    return async () => {
      for (let i = 0; i < 10; i++) {
        // Other texts each time: nothing may be kept of them.
        const fresh = contexts.map(({ text }) => ({ text: `${text} ${calls++}` }));
        await Promise.all([1, 2, 3].map(() => reranker.rerank({ query: `q${i}`, contexts: fresh })));
      }
    };
  },
  refuse: async () => {
    const reranker = await Reranker.load(model, { maxQueuedTokens: 10 });
    return async () => {
      for (let i = 0; i < 2000; i++) await reranker.rerank({ query: 'q', contexts }).catch(() => {});
    };
  },
};

async function main() {
  const round = await kinds[what]();
  for (let i = 0; i < Number(rounds); i++) {
    await round();
    global.gc();
    console.log(process.memoryUsage.rss());
  }
  process.exit(0);
}

main();
