// One load of a model and one call, in a process whose environment names the stand-in for ONNX Runtime. Reads
// {folder, options, input} from standard input; prints {info, stats, logits} or {error}.
const { text } = require('node:stream/consumers');
const { Reranker } = require('../../dist');

async function main() {
  const { folder, options, input } = JSON.parse(await text(process.stdin));
  await using(await Reranker.load(folder, options), async (reranker) => {
    const { response } = await reranker.rerank(input, { rawScores: true });
    const logits = [];
    for (const { id, score } of response) logits[id] = score;
    const { scoredPairs, batches } = reranker.stats();
    console.log(JSON.stringify({ info: reranker.info, scoredPairs, batches, logits }));
  });
}

async function using(reranker, use) {
  try {
    await use(reranker);
  } finally {
    await reranker.close();
  }
}

main().catch(({ code, message }) => console.log(JSON.stringify({ error: { code, message } })));
