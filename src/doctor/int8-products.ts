import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadNative } from '../addon/load-native';
import { findRuntime } from '../addon/load-runtime';
import { checkCudaOptions } from '../options';
import { int8Probe, PROBE_EXACT } from './int8-probe';

/** What ONNX Runtime makes of int8 products on this CPU, tried. */
export interface Int8Products {
  /** Version of the runtime that was asked. */
  runtime: string;
  /** The sum that 16 bits cannot hold, and what came. */
  exact: number;
  got: number;
}

/** One word, one token: all that the probe needs. */
const TOKENIZER = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: { type: 'BertProcessing', sep: ['[UNK]', 0], cls: ['[UNK]', 0] },
  decoder: null,
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: { '[UNK]': 0 },
  },
};

const REQUEST = { topK: 0, rawScores: true, exactCounts: false, skipFailed: false };

/**
 * Runs int8 products at the ends of their range in the ONNX Runtime that models run in. Where the CPU's instructions
 * add pairs of products in 16 bits (x86 without VNNI), the result is too small.
 * @throws NativeFailure or RerankError where the runtime cannot be had.
 */
export async function measureInt8Products(): Promise<Int8Products> {
  const runtimePath = findRuntime();
  // The runtime reads models from files.
  const folder = await mkdtemp(join(tmpdir(), 'bge-reranker-probe-'));
  try {
    const modelPath = join(folder, 'model.onnx');
    const tokenizerPath = join(folder, 'tokenizer.json');
    await writeFile(modelPath, int8Probe());
    await writeFile(tokenizerPath, JSON.stringify(TOKENIZER));
    const engine = await loadNative().load({
      engine: 'onnxruntime',
      modelPath,
      weightBytes: 0,
      end: undefined,
      tokenizerPath,
      runtimePath,
      executionProviders: ['cpu'],
      cuda: checkCudaOptions(undefined),
      threads: 1,
      maxLength: 8,
      truncation: 'longest_first',
      specialTokens: 'parse',
      maxQueuedTokens: 1024,
    });
    try {
      const { scores } = await engine.submit(1, 'a', ['b'], REQUEST);
      return { runtime: engine.info.runtimeVersion, exact: PROBE_EXACT, got: scores[0] ?? NaN };
    } finally {
      await engine.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
