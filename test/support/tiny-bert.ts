/** Sizes of an encoder small enough to make in a test, and large enough for our own kernels. */
export interface TinyBert {
  family?: 'bert' | 'xlm-roberta';
  vocabulary?: number;
  positions?: number;
  types?: number;
  labels?: number;
  /** How its file stores weights, as safetensors calls it. */
  element?: Element;
  epsilon?: number;
  /** Norms with gamma and beta, as files of before 2020 have them. */
  oldNorms?: boolean;
  /** A token whose embedding is not a number: a passage with it has no score. */
  poisoned?: number;
  /** Tensors beside the weights: their names and how they are stored. */
  buffers?: Record<string, string>;
}
type Element = 'F32' | 'F16' | 'BF16';

export const HIDDEN = 64;
export const HEADS = 2;
export const LAYERS = 2;
export const EPSILON = 1e-5;
const INTERMEDIATE = 128;

const defaults = (sizes: TinyBert): Required<TinyBert> => ({
  family: 'bert',
  vocabulary: 30_522,
  positions: 512,
  types: 2,
  labels: 1,
  element: 'F32',
  epsilon: EPSILON,
  oldNorms: false,
  poisoned: -1,
  buffers: {},
  ...sizes,
});

/** What config.json says of it, unless told otherwise. */
export function tinyBertConfig(sizes: TinyBert = {}): string {
  const { family, vocabulary, positions, types, labels, epsilon } = defaults(sizes);
  const architecture = { bert: 'Bert', 'xlm-roberta': 'XLMRoberta' }[family];
  return JSON.stringify({
    architectures: [`${architecture}ForSequenceClassification`],
    model_type: family,
    vocab_size: vocabulary,
    hidden_size: HIDDEN,
    num_hidden_layers: LAYERS,
    num_attention_heads: HEADS,
    intermediate_size: INTERMEDIATE,
    pad_token_id: family === 'bert' ? 0 : 1,
    type_vocab_size: types,
    max_position_embeddings: positions,
    layer_norm_eps: epsilon,
    id2label: Object.fromEntries(Array.from({ length: labels }, (_, i) => [i, `LABEL_${i}`])),
  });
}

function shapes(sizes: TinyBert): Record<string, number[]> {
  const { family, vocabulary, positions, types, labels } = defaults(sizes);
  const linear = (name: string, out: number, input: number) => ({
    [`${name}.weight`]: [out, input],
    [`${name}.bias`]: [out],
  });
  const norm = (name: string) => ({ [`${name}.weight`]: [HIDDEN], [`${name}.bias`]: [HIDDEN] });
  const prefix = family === 'bert' ? 'bert' : 'roberta';
  const layer = (name: string) => ({
    ...linear(`${name}.attention.self.query`, HIDDEN, HIDDEN),
    ...linear(`${name}.attention.self.key`, HIDDEN, HIDDEN),
    ...linear(`${name}.attention.self.value`, HIDDEN, HIDDEN),
    ...linear(`${name}.attention.output.dense`, HIDDEN, HIDDEN),
    ...norm(`${name}.attention.output.LayerNorm`),
    ...linear(`${name}.intermediate.dense`, INTERMEDIATE, HIDDEN),
    ...linear(`${name}.output.dense`, HIDDEN, INTERMEDIATE),
    ...norm(`${name}.output.LayerNorm`),
  });
  return {
    [`${prefix}.embeddings.word_embeddings.weight`]: [vocabulary, HIDDEN],
    [`${prefix}.embeddings.position_embeddings.weight`]: [positions, HIDDEN],
    [`${prefix}.embeddings.token_type_embeddings.weight`]: [types, HIDDEN],
    ...norm(`${prefix}.embeddings.LayerNorm`),
    ...Object.assign({}, ...Array.from({ length: LAYERS }, (_, i) => layer(`${prefix}.encoder.layer.${i}`))),
    ...linear(family === 'bert' ? 'bert.pooler.dense' : 'classifier.dense', HIDDEN, HIDDEN),
    ...linear(family === 'bert' ? 'classifier' : 'classifier.out_proj', labels, HIDDEN),
  };
}

/** Weights that mean nothing, but spread as trained ones are: norms scale by about 1, all else is within ±0.3. */
function weights(name: string, count: number, random: () => number): Float32Array {
  const mean = name.endsWith('LayerNorm.weight') ? 1 : 0;
  return Float32Array.from({ length: count }, () => mean + 0.6 * (random() - 0.5));
}

/** Uniform in [0, 1), the same every time (Lehmer's generator). */
function lehmer(): () => number {
  let state = 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** The bits of the next value towards zero that the type has. */
const BITS: Record<'F16' | 'BF16', (float: number) => number> = {
  BF16: (bits) => bits >>> 16,
  F16: (bits) => {
    const sign = (bits >>> 16) & 0x8000;
    const exponent = ((bits >>> 23) & 0xff) - 127 + 15;
    const significand = 0x800000 | (bits & 0x7fffff);
    return exponent > 0 ? sign | (exponent << 10) | ((bits >>> 13) & 0x3ff) : sign | (significand >>> (14 - exponent));
  },
};

function stored(values: Float32Array, element: Element): Buffer {
  if (element === 'F32') return Buffer.from(values.buffer);
  const bits = new Uint32Array(values.buffer);
  return Buffer.from(Uint16Array.from(bits, BITS[element]).buffer);
}

export interface StoredTensor {
  name: string;
  shape: number[];
  /** Little-endian. */
  bytes: Buffer;
  /** As safetensors calls it; undefined for the file's own. */
  dtype?: string;
}

/** Its weights, as its file stores them. */
export function tinyBertTensors(sizes: TinyBert = {}): StoredTensor[] {
  const { element, poisoned } = defaults(sizes);
  const random = lehmer();
  return Object.entries(shapes(sizes)).map(([name, shape]) => {
    const count = shape.reduce((a, b) => a * b);
    const values = weights(name, count, random);
    if (poisoned >= 0 && name.endsWith('word_embeddings.weight')) values[poisoned * HIDDEN] = NaN;
    return { name, shape, bytes: stored(values, element) };
  });
}

/** A safetensors file of these tensors, each of this type unless it has its own. */
export function safetensors(tensors: readonly StoredTensor[], dtype: Element = 'F32'): Buffer {
  const header: Record<string, object> = {};
  let at = 0;
  for (const { name, shape, bytes, dtype: own = dtype } of tensors)
    header[name] = { dtype: own, shape, data_offsets: [at, (at += bytes.length)] };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...tensors.map(({ bytes }) => bytes)]);
}

const oldName = (name: string): string =>
  name.replace(/LayerNorm\.weight$/, 'LayerNorm.gamma').replace(/LayerNorm\.bias$/, 'LayerNorm.beta');

/** model.safetensors of it. */
export function tinyBert(sizes: TinyBert = {}): Buffer {
  const { element, oldNorms, buffers } = defaults(sizes);
  const tensors = tinyBertTensors(sizes).map((it) => ({ ...it, name: oldNorms ? oldName(it.name) : it.name }));
  const others = Object.entries(buffers).map(([name, dtype]) => {
    const bits = Number(/\d+/.exec(dtype)?.[0] ?? 8);
    return { name, dtype, shape: [1], bytes: Buffer.alloc(bits / 8) };
  });
  return safetensors([...tensors, ...others], element);
}
