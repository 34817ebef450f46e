// @huggingface/transformers as its documentation shows cross-encoders; `batch: 'one'` sends each pair in a call of its own.
import path from 'node:path';
import { AutoModelForSequenceClassification, AutoTokenizer, env } from '@huggingface/transformers';
import { versionOf } from './version.mjs';

const DTYPE_OF_FILE = { 'model.onnx': 'fp32', 'model_quantized.onnx': 'q8' };

export async function open({ model, threads, options }) {
  env.allowRemoteModels = false;
  env.localModelPath = path.dirname(model.folder);
  const id = path.basename(model.folder);
  const dtype = DTYPE_OF_FILE[path.basename(model.file)];
  const tokenizer = await AutoTokenizer.from_pretrained(id);
  const network = await AutoModelForSequenceClassification.from_pretrained(id, {
    dtype,
    subfolder: path.dirname(model.file) === '.' ? '' : path.dirname(model.file),
    session_options: { intraOpNumThreads: threads },
  });
  async function score(query, contexts) {
    const inputs = tokenizer(new Array(contexts.length).fill(query), {
      text_pair: contexts,
      padding: true,
      truncation: true,
      max_length: model.maxLength,
    });
    const { logits } = await network(inputs);
    return Array.from(logits.data);
  }
  async function scoreOneByOne(query, contexts) {
    const logits = [];
    for (const text of contexts) logits.push(...(await score(query, [text])));
    return logits;
  }
  return {
    versions: { '@huggingface/transformers': versionOf('@huggingface/transformers') },
    settings: { dtype, threads, batch: options.batch },
    rerank: ({ query, contexts }) => (options.batch === 'one' ? scoreOneByOne : score)(query, contexts),
    close: () => network.dispose(),
  };
}
