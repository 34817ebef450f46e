import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { safetensors } from './tiny-bert';

/**
 * A Sentence Transformers repository as Qwen3's rerankers are: a causal model, a chat template with the roles query and
 * document, LogitScore with two tokens. Its weights are noise that every token's score depends on; its tokenizer knows
 * bytes, a few merges, and Qwen's added tokens.
 */
const HIDDEN = 128;
const INTERMEDIATE = 128;
const LAYERS = 2;
const HEADS = 2;
const KEY_HEADS = 1;
const HEAD_DIM = 64;
const POSITIONS = 512;

const SPLIT =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const ADDED = ['<|endoftext|>', '<|im_start|>', '<|im_end|>', '<think>', '</think>'];

/** What byte-level tokenizers write for a byte: itself where it is a visible Latin-1 character, else one from U+0100 on. */
const byteNames = (() => {
  const isVisible = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isVisible(byte) ? byte : next++));
})();
const SPACE = byteNames[0x20]!;
const NEWLINE = byteNames[0x0a]!;
const MERGES = [
  ['.', NEWLINE],
  ['>', ':'],
  [NEWLINE, NEWLINE],
  [SPACE, 't'],
  [`${SPACE}t`, 'h'],
  [`${SPACE}th`, 'e'],
];

export const tinyQwenTokenizer = () => {
  const names = [...byteNames, ...MERGES.map((pair) => pair.join(''))];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: ADDED.map((content, i) => ({
      id: names.length + i,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: content.startsWith('<|'),
    })),
    normalizer: { type: 'NFC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: SPLIT }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
      ],
    },
    post_processor: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(names.map((name, id) => [name, id])),
      merges: MERGES,
    },
  };
};

const VOCABULARY = 256 + MERGES.length + ADDED.length;

export const tinyQwenConfig = (more: object = {}) => ({
  architectures: ['Qwen3ForCausalLM'],
  model_type: 'qwen3',
  dtype: 'float32',
  vocab_size: VOCABULARY,
  hidden_size: HIDDEN,
  num_hidden_layers: LAYERS,
  num_attention_heads: HEADS,
  num_key_value_heads: KEY_HEADS,
  head_dim: HEAD_DIM,
  intermediate_size: INTERMEDIATE,
  max_position_embeddings: POSITIONS,
  rms_norm_eps: 1e-6,
  hidden_act: 'silu',
  tie_word_embeddings: true,
  rope_parameters: { rope_type: 'default', rope_theta: 10_000 },
  ...more,
});

const SYSTEM = '<|im_start|>system\nAnswer "yes" or "no".<|im_end|>\n<|im_start|>user\n<Instruct>: ';
const DEFAULT_INSTRUCTION = 'Find what answers the query';
const ANSWER = '<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n';

export const TINY_QWEN_TEMPLATE =
  `{%- set ns = namespace(i='${DEFAULT_INSTRUCTION}', q='', d='') -%}` +
  '{%- for m in messages -%}' +
  "{%- if m.role == 'system' -%}{%- set ns.i = m.content -%}" +
  "{%- elif m.role == 'query' -%}{%- set ns.q = m.content -%}" +
  "{%- elif m.role == 'document' -%}{%- set ns.d = m.content -%}{%- endif -%}{%- endfor -%}" +
  `${SYSTEM}{{ ns.i }}\n<Query>: {{ ns.q }}\n<Document>: {{ ns.d }}${ANSWER}{{ '' }}`;

/** What that template comes to. */
export const tinyQwenPrompt = (query: string, document: string, instruction = DEFAULT_INSTRUCTION): string =>
  `${SYSTEM}${instruction}\n<Query>: ${query}\n<Document>: ${document}${ANSWER}`;

const noise = (count: number, seed: number, scale: number, mean = 0) =>
  Float32Array.from({ length: count }, (_, i) => mean + scale * Math.sin(seed + 1.7 * i + 0.013 * i * i));

function weights() {
  const shapes: [name: string, shape: number[]][] = [
    ['model.embed_tokens.weight', [VOCABULARY, HIDDEN]],
    ...Array.from({ length: LAYERS }, (_, i): [string, number[]][] => {
      const layer = `model.layers.${i}.`;
      return [
        [`${layer}input_layernorm.weight`, [HIDDEN]],
        [`${layer}self_attn.q_proj.weight`, [HEADS * HEAD_DIM, HIDDEN]],
        [`${layer}self_attn.k_proj.weight`, [KEY_HEADS * HEAD_DIM, HIDDEN]],
        [`${layer}self_attn.v_proj.weight`, [KEY_HEADS * HEAD_DIM, HIDDEN]],
        [`${layer}self_attn.o_proj.weight`, [HIDDEN, HEADS * HEAD_DIM]],
        [`${layer}self_attn.q_norm.weight`, [HEAD_DIM]],
        [`${layer}self_attn.k_norm.weight`, [HEAD_DIM]],
        [`${layer}post_attention_layernorm.weight`, [HIDDEN]],
        [`${layer}mlp.gate_proj.weight`, [INTERMEDIATE, HIDDEN]],
        [`${layer}mlp.up_proj.weight`, [INTERMEDIATE, HIDDEN]],
        [`${layer}mlp.down_proj.weight`, [HIDDEN, INTERMEDIATE]],
      ];
    }).flat(),
    ['model.norm.weight', [HIDDEN]],
  ];
  return shapes.map(([name, shape], seed) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const values = shape.length === 1 ? noise(count, seed, 0.1, 1) : noise(count, seed, 0.15);
    return { name, shape, bytes: Buffer.from(values.buffer) };
  });
}

/** The files of the repository by path; `changes` replace some, and null leaves one out. */
export function writeTinyQwen(folder: string, changes: Record<string, string | null> = {}): void {
  const modules = ['base.modules.transformer.Transformer', 'cross_encoder.modules.logit_score.LogitScore'];
  const files: Record<string, Buffer | string | null> = {
    'config.json': JSON.stringify(tinyQwenConfig()),
    'tokenizer.json': JSON.stringify(tinyQwenTokenizer()),
    'chat_template.jinja': TINY_QWEN_TEMPLATE,
    'model.safetensors': safetensors(weights()),
    'modules.json': JSON.stringify(
      modules.map((type, idx) => ({ idx, path: ['', '1_LogitScore'][idx], type: `sentence_transformers.${type}` })),
    ),
    '1_LogitScore/config.json': JSON.stringify({ true_token_id: 121, false_token_id: 110 }),
    ...changes,
  };
  for (const [path, content] of Object.entries(files)) {
    if (content === null) continue;
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}
