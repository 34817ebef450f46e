/** Sizes of a BERT small enough to make in a test, and large enough for our own kernels. */
export interface TinyBert {
  vocabulary?: number;
  positions?: number;
  types?: number;
  labels?: number;
}

const HIDDEN = 64;
const INTERMEDIATE = 64;
const HEADS = 2;

/** What config.json says of it, unless told otherwise. */
export function tinyBertConfig({ vocabulary = 30_522, positions = 512, types = 2, labels = 1 }: TinyBert = {}): string {
  return JSON.stringify({
    architectures: ['BertForSequenceClassification'],
    model_type: 'bert',
    vocab_size: vocabulary,
    hidden_size: HIDDEN,
    num_hidden_layers: 1,
    num_attention_heads: HEADS,
    intermediate_size: INTERMEDIATE,
    pad_token_id: 0,
    type_vocab_size: types,
    max_position_embeddings: positions,
    layer_norm_eps: 1e-12,
    id2label: Object.fromEntries(Array.from({ length: labels }, (_, i) => [i, `LABEL_${i}`])),
  });
}

function shapes({ vocabulary = 30_522, positions = 512, types = 2, labels = 1 }: TinyBert): Record<string, number[]> {
  const linear = (name: string, out: number, input: number) => ({
    [`${name}.weight`]: [out, input],
    [`${name}.bias`]: [out],
  });
  const norm = (name: string) => ({ [`${name}.weight`]: [HIDDEN], [`${name}.bias`]: [HIDDEN] });
  const layer = 'bert.encoder.layer.0';
  return {
    'bert.embeddings.word_embeddings.weight': [vocabulary, HIDDEN],
    'bert.embeddings.position_embeddings.weight': [positions, HIDDEN],
    'bert.embeddings.token_type_embeddings.weight': [types, HIDDEN],
    ...norm('bert.embeddings.LayerNorm'),
    ...linear(`${layer}.attention.self.query`, HIDDEN, HIDDEN),
    ...linear(`${layer}.attention.self.key`, HIDDEN, HIDDEN),
    ...linear(`${layer}.attention.self.value`, HIDDEN, HIDDEN),
    ...linear(`${layer}.attention.output.dense`, HIDDEN, HIDDEN),
    ...norm(`${layer}.attention.output.LayerNorm`),
    ...linear(`${layer}.intermediate.dense`, INTERMEDIATE, HIDDEN),
    ...linear(`${layer}.output.dense`, HIDDEN, INTERMEDIATE),
    ...norm(`${layer}.output.LayerNorm`),
    ...linear('bert.pooler.dense', HIDDEN, HIDDEN),
    ...linear('classifier', labels, HIDDEN),
  };
}

/** model.safetensors of it, with weights that mean nothing and give finite scores. */
export function tinyBert(sizes: TinyBert = {}): Buffer {
  const header: Record<string, object> = {};
  const parts: Buffer[] = [];
  let at = 0;
  for (const [name, shape] of Object.entries(shapes(sizes))) {
    const values = Float32Array.from(
      { length: shape.reduce((a, b) => a * b) },
      (_, i) => ((i * 7919) % 201) / 1000 - 0.1,
    );
    const bytes = Buffer.from(values.buffer);
    header[name] = { dtype: 'F32', shape, data_offsets: [at, (at += bytes.length)] };
    parts.push(bytes);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}
