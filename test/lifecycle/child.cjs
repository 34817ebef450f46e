// One process that goes to a stage of a Reranker's life and then ends in a given way. The parent checks how.
//   node child.cjs <stage> <ending> <model folder>
const [stage, ending, model] = process.argv.slice(2);
const { Reranker } = require('../../dist');

const contexts = Array.from({ length: 40 }, (_, i) => ({
  text: `Passage ${i} says: ${'many words in a row '.repeat(20)}`,
}));
const input = { query: 'what does the passage say?', contexts };

const stages = {
  async required() {},
  async loading() {
    void Reranker.load(model);
  },
  async loaded() {
    globalThis.reranker = await Reranker.load(model);
  },
  async running() {
    const reranker = await Reranker.load(model);
    void reranker.rerank(input).then(({ response }) => console.log(`answered ${response.length}`));
    // Long enough for the workers to be inside runs.
    await new Promise((resolve) => setTimeout(resolve, 20));
  },
  async splitting() {
    const reranker = await Reranker.load(model);
    // About twenty windows, whose tokens are counted one after the other.
    const long = {
      query: input.query,
      contexts: [
        {
          text: contexts
            .map(({ text }) => text)
            .join(' ')
            .slice(0, 20_000),
        },
      ],
    };
    void reranker
      .rerank(long, { longDocuments: {} })
      .then(({ response }) => console.log(`answered ${response.length}`));
  },
  async collected() {
    await (await Reranker.load(model)).rerank({ query: 'q', contexts: [{ text: 'a' }] });
    global.gc();
  },
  async closing() {
    const reranker = await Reranker.load(model);
    void reranker.rerank(input).then(({ response }) => console.log(`answered ${response.length}`));
    void reranker.close().then(() => console.log('closed'));
  },
  async closed() {
    const reranker = await Reranker.load(model);
    await reranker.close();
    console.log('closed');
  },
};

const endings = {
  return() {},
  exit() {
    process.exit(7);
  },
  throw() {
    setImmediate(() => {
      throw new Error('thrown on purpose');
    });
  },
  sigterm() {
    process.kill(process.pid, 'SIGTERM');
  },
};

stages[stage]().then(() => endings[ending]());
