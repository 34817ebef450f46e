import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { diagnose } from '../../src/doctor/diagnose';
import { Reranker, RerankError, type Dtype } from '../../src';
import pairs from '../fixtures/pairs.json';
import { inWrapper, withExternalData } from '../support/edit-graph';
import { ending, gather, softmax } from '../support/graph-endings';
import { referenceLogits } from '../support/reference-logits';
import { temporaryFolder } from '../support/temporary-folder';
import { safetensors, tinyBert, tinyBertConfig, tinyBertTensors, type TinyBert } from '../support/tiny-bert';
import { tinyBertGraph, type GraphForm } from '../support/tiny-bert-graph';

// Folders as others have them. Whatever dtype is asked for, the answer is that of the weights in float32, within the
// bound that docs/models.md states for what runs, or a refusal: never another one.

const QUERY = 'how do rerankers order passages?';
const TEXTS = (pairs as [string, string][]).map(([, text]) => text).filter((text) => text !== '');
const TOKENIZERS = join(__dirname, '..', 'native', 'fixtures', 'tokenizer');
const BERT: TinyBert = { family: 'bert', vocabulary: 212 };
const XLMR: TinyBert = { family: 'xlm-roberta', vocabulary: 422, positions: 514, types: 1 };

const DTYPES: readonly Dtype[] = ['auto', 'fp32', 'fp16', 'bf16', 'int8'];
/** In logits, which spread over about ±2 here. Of integers in a file the rounding of the weights comes on top. */
const BOUND = { fp32: 1e-4, fp16: 0.02, bf16: 0.05, int8: 0.1 } as const;
const OF_INTEGERS = 0.15;

interface Shape {
  name: string;
  sizes: TinyBert;
  files: Record<string, string | Uint8Array>;
  /** Entries of config.json in place of the whole one's; null takes all of it away. */
  config?: Record<string, unknown> | null;
  /** The dtypes that this folder can be run as; the others are refused. */
  runs: string;
  /** Of the graph that tells what the scores are. */
  truth?: GraphForm;
}

const FROM_SAFETENSORS = 'auto fp32 bf16 int8';
const FROM_GRAPH = 'auto fp32 bf16 int8';
const FROM_HALF = 'auto fp32 fp16 bf16 int8';

const weights = (name: string, sizes: TinyBert, config?: Shape['config']): Shape => ({
  name,
  sizes,
  files: { 'model.safetensors': tinyBert(sizes) },
  ...(config !== undefined && { config }),
  runs: FROM_SAFETENSORS,
});
const graph = (name: string, sizes: TinyBert, bytes: Uint8Array, path = 'model.onnx'): Shape => ({
  name,
  sizes,
  files: { [path]: bytes },
  runs: path.includes('fp16') ? FROM_HALF : FROM_GRAPH,
});
const integers = (
  name: string,
  path: string,
  sizes: TinyBert,
  quantised: NonNullable<GraphForm['quantised']>,
): Shape => ({
  name,
  sizes,
  files: { [path]: tinyBertGraph(sizes, undefined, { quantised }) },
  runs: 'auto int8',
});

function inShards(sizes: TinyBert): Record<string, string | Uint8Array> {
  const tensors = tinyBertTensors(sizes);
  const names = [1, 2].map((part) => `model-0000${part}-of-00002.safetensors`);
  const half = Math.ceil(tensors.length / 2);
  const parts = [tensors.slice(0, half), tensors.slice(half)];
  const places = parts.flatMap((part, i) => part.map(({ name }) => [name, names[i]] as const));
  return {
    'model.safetensors.index.json': JSON.stringify({ weight_map: Object.fromEntries(places) }),
    ...Object.fromEntries(parts.map((part, i) => [names[i], safetensors(part)])),
  };
}

const LFS_POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 90868376\n`;
/** transformers' own where config.json says nothing. */
const DEFAULTS: TinyBert = { epsilon: 1e-12 };
const WITHOUT = Object.fromEntries(
  ['vocab_size', 'max_position_embeddings', 'type_vocab_size', 'pad_token_id', 'layer_norm_eps'].map((key) => [
    key,
    undefined,
  ]),
);
const BUFFERS = { mask: 'BOOL', bytes: 'U8', double: 'F64', ids: 'I64' };
const sigmoid = ending(['batch', 1], 'Sigmoid');
const share = ending(['batch'], softmax(1), gather('second'));

const each = (make: (sizes: TinyBert, family: string) => Shape[]): Shape[] => [
  ...make(BERT, 'BERT'),
  ...make(XLMR, 'XLM-R'),
];

const SHAPES: Shape[] = [
  ...each((sizes, family) => [
    weights(`${family}: model.safetensors`, sizes),
    weights(`${family}: float16`, { ...sizes, element: 'F16' }),
    weights(`${family}: bfloat16`, { ...sizes, element: 'BF16' }),
    weights(`${family}: LayerNorm.gamma and beta`, { ...sizes, oldNorms: true }),
    weights(`${family}: buffers of BOOL, U8, F64, I64`, { ...sizes, buffers: BUFFERS }),
    weights(`${family}: two labels`, { ...sizes, labels: 2 }),
    weights(`${family}: config.json without what has a default`, { ...sizes, ...DEFAULTS }, WITHOUT),
    weights(`${family}: config.json without architectures`, sizes, { architectures: undefined }),
    { ...weights(`${family}: shards`, sizes), files: inShards(sizes) },
    graph(`${family}: model.onnx`, sizes, tinyBertGraph(sizes)),
    graph(
      `${family}: onnx/model.onnx with names under model.`,
      sizes,
      inWrapper(tinyBertGraph(sizes)),
      'onnx/model.onnx',
    ),
    graph(`${family}: Sigmoid at its end`, sizes, tinyBertGraph(sizes, sigmoid)),
    graph(
      `${family}: the second label's share`,
      { ...sizes, labels: 2 },
      tinyBertGraph({ ...sizes, labels: 2 }, share),
    ),
    graph(
      `${family}: model_fp16.onnx`,
      { ...sizes, element: 'F16' },
      tinyBertGraph({ ...sizes, element: 'F16' }),
      'model_fp16.onnx',
    ),
    graph(
      `${family}: int32 ids, rows one by one`,
      sizes,
      tinyBertGraph(sizes, undefined, { ids: 'int32', inputShape: [1, 'tokens'] }),
    ),
    integers(`${family}: model_int8.onnx`, 'onnx/model_int8.onnx', sizes, { type: 'int8', perColumn: false }),
    integers(`${family}: model_quantized.onnx by columns`, 'model_quantized.onnx', sizes, {
      type: 'int8',
      perColumn: true,
    }),
    integers(`${family}: model_uint8.onnx`, 'onnx/model_uint8.onnx', sizes, { type: 'uint8', perColumn: false }),
  ]),
  weights('BERT: config.json of the encoder', BERT, { architectures: ['BertModel'] }),
  weights('XLM-R: config.json of the encoder', XLMR, { architectures: ['XLMRobertaModel'] }),
  {
    ...graph('BERT: model.onnx beside weights that were not fetched', BERT, tinyBertGraph(BERT)),
    files: { 'model.safetensors': LFS_POINTER, 'model.onnx': tinyBertGraph(BERT) },
  },
  {
    ...graph('BERT: weights of another file', BERT, new Uint8Array()),
    files: withExternalData(tinyBertGraph(BERT), 'model.onnx_data'),
  },
  {
    ...graph('BERT: no config.json', BERT, tinyBertGraph(BERT)),
    config: null,
    // Nothing says what model it is.
    runs: 'auto fp32',
  },
  {
    ...integers('BERT: model_quantized.onnx and no config.json', 'model_quantized.onnx', BERT, {
      type: 'int8',
      perColumn: true,
    }),
    config: null,
  },
  // ONNX Runtime would take pairs of 128 tokens alone; our own kernels read the weights.
  graph('BERT: fixed shape 1 x 128', BERT, tinyBertGraph(BERT, undefined, { inputShape: [1, 128] })),
  {
    ...graph('BERT: without token_type_ids', BERT, tinyBertGraph(BERT, undefined, { dropsTypes: true })),
    truth: { dropsTypes: true },
    // What it makes of them cannot be told from its weights.
    runs: 'auto fp32',
  },
];

function folderOf({ sizes, files, config = {} }: Shape): string {
  const folder = temporaryFolder();
  const kind = sizes.family === 'bert' ? 'wordpiece.json' : 'unigram.json';
  copyFileSync(join(TOKENIZERS, kind), join(folder, 'tokenizer.json'));
  if (config !== null) {
    const whole = JSON.parse(tinyBertConfig(sizes)) as object;
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...whole, ...config }));
  }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** By passage, best first, and what ran. */
async function run(folder: string, dtype: Dtype) {
  await using reranker = await Reranker.load(folder, { dtype, threads: 1 });
  const input = { query: QUERY, contexts: TEXTS.map((text) => ({ text })) };
  const { response } = await reranker.rerank(input, { rawScores: true });
  const encoded = TEXTS.map((text) => reranker.encode(QUERY, text));
  return { response, encoded, info: reranker.info };
}

/** Pairs of passages that are further apart than rounding can carry them, and yet in the wrong order. */
function swapped(order: readonly number[], truth: readonly number[], bound: number): [number, number][] {
  return order.flatMap((before, i) =>
    order
      .slice(i + 1)
      .flatMap((after): [number, number][] => (truth[after]! - truth[before]! > 2 * bound ? [[before, after]] : [])),
  );
}

it('at least 20 shapes', () => expect(SHAPES.length).toBeGreaterThanOrEqual(20));

describe.each(SHAPES)('$name', (shape) => {
  let folder: string;
  let reference: string;
  // Tokens are the same under every dtype.
  let truth: number[] | undefined;
  beforeAll(() => {
    folder = folderOf(shape);
    reference = join(temporaryFolder(), 'reference.onnx');
    writeFileSync(reference, tinyBertGraph(shape.sizes, undefined, shape.truth));
  });

  it.each(DTYPES)('%s', async (dtype) => {
    if (!shape.runs.split(' ').includes(dtype)) {
      const refusal = await run(folder, dtype).catch((error: unknown) => error as RerankError);
      expect(refusal).toBeInstanceOf(RerankError);
      expect(['MODEL_NOT_FOUND', 'MODEL_UNSUPPORTED']).toContain((refusal as RerankError).code);
      return;
    }
    const { response, encoded, info } = await run(folder, dtype);
    truth ??= referenceLogits(reference, encoded);
    const bound = shape.runs === 'auto int8' ? OF_INTEGERS : BOUND[info.dtype];
    const off = response.map(({ id, score }) => Math.abs(score - truth![id]!));
    expect(Math.max(...off)).toBeLessThanOrEqual(bound);
    const order = response.map(({ id }) => id);
    expect([...order].sort((a, b) => a - b)).toEqual(TEXTS.map((_, i) => i));
    expect(swapped(order, truth, bound)).toEqual([]);
  });

  it('the doctor finds no error', async () => {
    const { findings } = await diagnose(folder, { threads: 1 });
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});
