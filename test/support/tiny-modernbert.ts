import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { safetensors as file } from './tiny-bert';

type NamedValues = Record<string, { shape: number[]; values: Float32Array }>;

/**
 * A Sentence Transformers repository as Ettin's rerankers are: a bare ModernBERT, Pooling on the first token, Dense with
 * GELU, LayerNorm, Dense. Its layers add nothing to what they get, so that the logit of every pair follows from the
 * first token's word vector in a few lines.
 */
export const HIDDEN = 64;
const INTERMEDIATE = 128;
const LAYERS = 3;
const EPSILON = 1e-5;
const TOKENIZER = join(__dirname, '../native/fixtures/tokenizer/modernbert.json');
/** Rows of the word table; the tokenizer has 1,524 tokens and this many at most. */
const VOCABULARY = 1600;
const FIRST_TOKEN = 0;

const safetensors = (tensors: NamedValues): Buffer =>
  file(
    Object.entries(tensors).map(
      ([
        name,
        {
          shape,
          values: { buffer },
        },
      ]) => ({ name, shape, bytes: Buffer.from(buffer) }),
    ),
  );
const values = (count: number, of: (i: number) => number) => Float32Array.from({ length: count }, (_, i) => of(i));
const zeros = (count: number) => new Float32Array(count);
/** Between -1 and 1, no two alike. */
const wave = (i: number) => Math.sin(1 + 1.7 * i);

const words = values(VOCABULARY * HIDDEN, wave);
const scales = (seed: number) => values(HIDDEN, (i) => 1 + 0.2 * wave(i + seed));
const embeddingNorm = scales(0);
const finalNorm = scales(10);
const dense = values(HIDDEN * HIDDEN, (i) => 0.3 * wave(3 * i));
const norm = { weight: scales(20), bias: values(HIDDEN, (i) => 0.2 * wave(i + 5)) };
const output = { weight: values(HIDDEN, (i) => 0.5 * wave(7 * i)), bias: values(1, () => 0.25) };

export const config = (more: object = {}) => ({
  architectures: ['ModernBertModel'],
  model_type: 'modernbert',
  dtype: 'float32',
  vocab_size: VOCABULARY,
  hidden_size: HIDDEN,
  num_hidden_layers: LAYERS,
  num_attention_heads: 2,
  intermediate_size: INTERMEDIATE,
  max_position_embeddings: 128,
  norm_eps: EPSILON,
  local_attention: 16,
  hidden_activation: 'gelu',
  ...more,
});

function transformer(): NamedValues {
  const layer = (name: string, i: number): NamedValues => ({
    ...(i > 0 && { [`${name}.attn_norm.weight`]: { shape: [HIDDEN], values: scales(i) } }),
    [`${name}.attn.Wqkv.weight`]: { shape: [3 * HIDDEN, HIDDEN], values: values(3 * HIDDEN * HIDDEN, wave) },
    [`${name}.attn.Wo.weight`]: { shape: [HIDDEN, HIDDEN], values: zeros(HIDDEN * HIDDEN) },
    [`${name}.mlp_norm.weight`]: { shape: [HIDDEN], values: scales(i) },
    [`${name}.mlp.Wi.weight`]: {
      shape: [2 * INTERMEDIATE, HIDDEN],
      values: values(2 * INTERMEDIATE * HIDDEN, wave),
    },
    [`${name}.mlp.Wo.weight`]: { shape: [HIDDEN, INTERMEDIATE], values: zeros(HIDDEN * INTERMEDIATE) },
  });
  return {
    'embeddings.tok_embeddings.weight': { shape: [VOCABULARY, HIDDEN], values: words },
    'embeddings.norm.weight': { shape: [HIDDEN], values: embeddingNorm },
    'final_norm.weight': { shape: [HIDDEN], values: finalNorm },
    ...Object.assign({}, ...Array.from({ length: LAYERS }, (_, i) => layer(`layers.${i}`, i))),
  };
}

const entry = (idx: number, path: string, type: string) => ({ idx, name: String(idx), path, type });

/** The files of the repository by path; the weights in `shards` files. */
export function ettinFiles(shards = 1): Record<string, Buffer | string> {
  const all = Object.entries(transformer());
  const parts = Array.from({ length: shards }, (_, i) => all.filter((__, at) => at % shards === i));
  const nameOf = (i: number) =>
    shards === 1 ? 'model.safetensors' : `model-0000${i + 1}-of-0000${shards}.safetensors`;
  const weightMap = parts.flatMap((part, i) => part.map(([name]) => [name, nameOf(i)]));
  const totalSize = all.reduce((sum, [, tensor]) => sum + tensor.values.byteLength, 0);
  const modules = 'sentence_transformers.sentence_transformer.modules';
  return {
    'config.json': JSON.stringify(config()),
    'modules.json': JSON.stringify([
      entry(0, '', 'sentence_transformers.base.modules.transformer.Transformer'),
      entry(1, '1_Pooling', `${modules}.pooling.Pooling`),
      entry(2, '2_Dense', 'sentence_transformers.base.modules.dense.Dense'),
      entry(3, '3_LayerNorm', `${modules}.layer_norm.LayerNorm`),
      entry(4, '4_Dense', 'sentence_transformers.base.modules.dense.Dense'),
    ]),
    'config_sentence_transformers.json': JSON.stringify({ activation_fn: 'torch.nn.modules.activation.Sigmoid' }),
    'sentence_bert_config.json': JSON.stringify({ max_seq_length: 96 }),
    '1_Pooling/config.json': JSON.stringify({ embedding_dimension: HIDDEN, pooling_mode: 'cls' }),
    '2_Dense/config.json': JSON.stringify({
      in_features: HIDDEN,
      out_features: HIDDEN,
      bias: false,
      activation_function: 'torch.nn.modules.activation.GELU',
    }),
    '2_Dense/model.safetensors': safetensors({ 'linear.weight': { shape: [HIDDEN, HIDDEN], values: dense } }),
    '3_LayerNorm/config.json': JSON.stringify({ dimension: HIDDEN }),
    '3_LayerNorm/model.safetensors': safetensors({
      'norm.weight': { shape: [HIDDEN], values: norm.weight },
      'norm.bias': { shape: [HIDDEN], values: norm.bias },
    }),
    '4_Dense/config.json': JSON.stringify({
      in_features: HIDDEN,
      out_features: 1,
      module_output_name: 'scores',
      activation_function: 'torch.nn.modules.linear.Identity',
    }),
    '4_Dense/model.safetensors': safetensors({
      'linear.weight': { shape: [1, HIDDEN], values: output.weight },
      'linear.bias': { shape: [1], values: output.bias },
    }),
    ...Object.fromEntries(parts.map((part, i) => [nameOf(i), safetensors(Object.fromEntries(part))])),
    ...(shards > 1 && {
      'model.safetensors.index.json': JSON.stringify({
        metadata: { total_size: totalSize },
        weight_map: Object.fromEntries(weightMap),
      }),
    }),
  };
}

export function writeEttin(folder: string, shards = 1): void {
  for (const [path, content] of Object.entries(ettinFiles(shards))) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  copyFileSync(TOKENIZER, join(folder, 'tokenizer.json'));
}

function layerNorm(x: number[], weight: Float32Array, bias?: Float32Array): number[] {
  const mean = x.reduce((a, b) => a + b) / x.length;
  const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length;
  return x.map((v, i) => ((v - mean) / Math.sqrt(variance + EPSILON)) * weight[i]! + (bias?.[i] ?? 0));
}

const dot = (x: number[], weights: Float32Array, row: number) =>
  x.reduce((sum, v, i) => sum + v * weights[row * x.length + i]!, 0);

/** The error function by its series, to the last digit for the arguments here. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) sum += (term *= (-x * x) / n) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** The logit of every pair, by the modules' formulas. */
export function ettinLogit(): number {
  const word = Array.from(words.subarray(FIRST_TOKEN * HIDDEN, (FIRST_TOKEN + 1) * HIDDEN));
  const hidden = layerNorm(layerNorm(word, embeddingNorm), finalNorm);
  const inner = hidden.map((_, row) => dot(hidden, dense, row)).map((v) => 0.5 * v * (1 + erf(v / Math.SQRT2)));
  return dot(layerNorm(inner, norm.weight, norm.bias), output.weight, 0) + output.bias[0]!;
}
