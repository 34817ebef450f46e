// A Reranker and a transformers.js cross-encoder of the same weights in one process, in one order or the other.
//   node beside-transformers.mjs <ours-first|theirs-first> <their folder, in the hub's layout> <our folder>
import path from 'node:path';
import { AutoModelForSequenceClassification, AutoTokenizer, env } from '@huggingface/transformers';
import { Reranker } from 'bge-reranker';
import { CONTEXTS, QUERY, TEXTS } from './support.mjs';

const [order, folder, ourFolder] = process.argv.slice(2);
env.allowRemoteModels = false;
env.localModelPath = path.dirname(folder);

async function loadTheirs() {
  const id = path.basename(folder);
  const tokenizer = await AutoTokenizer.from_pretrained(id);
  const model = await AutoModelForSequenceClassification.from_pretrained(id, { dtype: 'q8' });
  return { tokenizer, model };
}

/** One pair a call: in a padded batch a dynamically quantised model answers something else. */
async function theirLogits({ tokenizer, model }) {
  const logits = [];
  for (const text of TEXTS) {
    const { logits: output } = await model(tokenizer(QUERY, { text_pair: text }));
    logits.push(output.data[0]);
  }
  return logits;
}

async function ourLogits(reranker) {
  const { response } = await reranker.rerank({ query: QUERY, contexts: CONTEXTS }, { rawScores: true });
  return [...response].sort((a, b) => a.id - b.id).map(({ score }) => score);
}

let theirs = order === 'theirs-first' ? await loadTheirs() : undefined;
const reranker = await Reranker.load(ourFolder, { dtype: 'int8' });
theirs ??= await loadTheirs();

const [logits, theirFirst] = await Promise.all([ourLogits(reranker), theirLogits(theirs)]);
const theirAgain = await theirLogits(theirs);
await theirs.model.dispose();
const alone = await ourLogits(reranker);
const engine = reranker.info.engine.name;
await reranker.close();
console.log(JSON.stringify({ engine, logits, alone, theirFirst, theirAgain }));
