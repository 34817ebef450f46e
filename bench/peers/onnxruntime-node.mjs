// What one writes by hand: npm `tokenizers` and onnxruntime-node, all pairs of a request in one run or one pair a run.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { pairTokenizer } from './tokenize.mjs';
import { versionOf } from './version.mjs';

function padded(encodings, padId) {
  const shape = [encodings.length, Math.max(...encodings.map((encoding) => encoding.ids.length))];
  const [rows, longest] = shape;
  const columns = {
    input_ids: new BigInt64Array(rows * longest).fill(BigInt(padId)),
    attention_mask: new BigInt64Array(rows * longest),
    token_type_ids: new BigInt64Array(rows * longest),
  };
  encodings.forEach(({ ids, typeIds }, row) => {
    for (let i = 0; i < ids.length; i++) {
      columns.input_ids[row * longest + i] = BigInt(ids[i]);
      columns.attention_mask[row * longest + i] = 1n;
      columns.token_type_ids[row * longest + i] = BigInt(typeIds[i]);
    }
  });
  return { columns, shape };
}

export async function open({ model, threads, options }) {
  const config = JSON.parse(readFileSync(path.join(model.folder, 'config.json'), 'utf8'));
  const encode = pairTokenizer(model);
  const session = await InferenceSession.create(model.onnx, { intraOpNumThreads: threads, interOpNumThreads: 1 });
  async function run(encodings) {
    const { columns, shape } = padded(encodings, config.pad_token_id);
    const feeds = session.inputNames.map((name) => [name, new Tensor('int64', columns[name], shape)]);
    const outputs = await session.run(Object.fromEntries(feeds));
    return Array.from(outputs[session.outputNames[0]].data);
  }
  async function rerank({ query, contexts }) {
    const encodings = await encode(query, contexts);
    if (options.batch === 'all') return run(encodings);
    const logits = [];
    for (const encoding of encodings) logits.push(...(await run([encoding])));
    return logits;
  }
  return {
    versions: { 'onnxruntime-node': versionOf('onnxruntime-node'), tokenizers: versionOf('tokenizers') },
    settings: { threads, batch: options.batch },
    rerank,
    close: () => session.release(),
  };
}
