// Shared by the measurements of this package alone: options, model, passages, and how a figure is printed.
import os from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { loadDataset } from './dataset.mjs';
import { MODEL_NAMES, resolveModel } from './models.mjs';

/** The whole package, so that a checkout that is not built says so in its own words. */
const builtPackage = (checkout = resolve(import.meta.dirname, '../..')) =>
  import(pathToFileURL(resolve(checkout, 'dist/index.js')).href);

export function ownOptions(extra = {}) {
  const text = { type: 'string' };
  const { values } = parseArgs({
    options: {
      model: { ...text, default: 'minilm-int8' },
      folder: { ...text, multiple: true, default: [] },
      threads: { ...text, default: String(os.availableParallelism()) },
      ...{ cranfield: text, reference: text },
      ...extra,
    },
  });
  if (!MODEL_NAMES.includes(values.model)) {
    throw new Error(`--model: expected one of ${MODEL_NAMES.join(', ')}, received ${values.model}`);
  }
  return { ...values, threads: Number(values.threads) };
}

/**
 * Loads the model of the options, or `settings.folder` in its place, runs `work({ reranker, model, input })`, closes.
 * `settings.checkout` is another built checkout of this package, to compare with.
 */
export async function withReranker(options, work, { checkout, ...settings } = {}) {
  const { Reranker } = await builtPackage(checkout);
  const model = resolveModel(options.model, options.folder);
  const passages = distinctPassages(loadDataset(options));
  const { dtype, maxLength } = model;
  const { folder = model.folder, ...others } = settings;
  const reranker = await Reranker.load(folder, { dtype, maxLength, threads: options.threads, ...others });
  const { engine } = reranker.info;
  console.log(`${options.model} on ${engine.instructionSet ?? 'ONNX Runtime'}: ${engine.reason}`);
  try {
    return await work({ reranker, model, ...passages });
  } finally {
    await reranker.close();
  }
}

/** @returns `input(n, from)`: a request of n different passages, the first of them number `from`. */
function distinctPassages(dataset) {
  const texts = [...new Set(dataset.queries.flatMap(({ contexts }) => contexts))];
  const [{ query }] = dataset.queries;
  const input = (count, from = 0) => {
    if (from + count > texts.length) throw new Error(`the data set has only ${texts.length} different passages`);
    return { query, contexts: texts.slice(from, from + count).map((text) => ({ text })) };
  };
  return { input };
}

/** One line for people, then the same as JSON for scripts. `ok` is null where nothing was to be held. */
export function printFigure({ name, line, ok, ...figures }) {
  const verdict = { true: 'holds', false: 'DOES NOT HOLD', null: '' }[String(ok)];
  console.log(`${name}: ${line}${verdict && `; ${verdict}`}`);
  console.log(JSON.stringify({ name, ok, ...figures }));
}
