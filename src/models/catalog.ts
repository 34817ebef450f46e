/** Tokenizer kinds of the family: the model type in tokenizer.json, and for Unigram whose variant. */
export type TokenizerKind = 'unigram' | 'wordpiece' | 'bpe' | 'unigram-deberta';

/** What is known of one model of the family. Facts of its card; sizes and digests are the hub's to say. */
export interface CatalogEntry {
  /** Name on the Hugging Face hub. */
  name: string;
  /** `model_type` of config.json, or the family's own name where that is another's or says nothing. */
  family: 'xlm-roberta' | 'bert' | 'jina-bert' | 'gte' | 'modernbert' | 'deberta-v2';
  tokenizer: TokenizerKind;
  /** ISO 639-1 codes, or 'multilingual'. */
  languages: readonly string[];
  /** SPDX identifier. */
  licence: 'MIT' | 'Apache-2.0' | 'CC-BY-NC-4.0';
  /** Tokens of a pair that the model was made for, special tokens included. */
  maxTokens: number;
  /** The repository that holds the ONNX file of each dtype; a dtype without one has none here. */
  onnx: Readonly<Partial<Record<'fp32' | 'int8', string>>>;
}

type Common = Omit<CatalogEntry, 'name' | 'onnx'>;

const XLMR: Common = {
  family: 'xlm-roberta',
  tokenizer: 'unigram',
  languages: ['en', 'zh'],
  licence: 'MIT',
  maxTokens: 512,
};
const MINILM: Common = {
  family: 'bert',
  tokenizer: 'wordpiece',
  languages: ['en'],
  licence: 'Apache-2.0',
  maxTokens: 512,
};
const JINA_V1: Common = {
  family: 'jina-bert',
  tokenizer: 'bpe',
  languages: ['en'],
  licence: 'Apache-2.0',
  maxTokens: 8192,
};
const MXBAI: Common = {
  family: 'deberta-v2',
  tokenizer: 'unigram-deberta',
  languages: ['en'],
  licence: 'Apache-2.0',
  maxTokens: 512,
};
const MODERNBERT: Common = {
  family: 'modernbert',
  tokenizer: 'bpe',
  languages: ['en'],
  licence: 'Apache-2.0',
  maxTokens: 8192,
};
const ETTIN_SIZES = ['17m', '32m', '68m', '150m', '400m', '1b'];

/** A repository that holds both dtypes itself. */
function both(name: string, common: Common): CatalogEntry {
  return { name, ...common, onnx: { fp32: name, int8: name } };
}

const BGE_V2: Common = { ...XLMR, languages: ['multilingual'], licence: 'Apache-2.0', maxTokens: 8192 };
const BGE_V2_ONNX = 'onnx-community/bge-reranker-v2-m3-ONNX';

/** In the order of `bge-reranker models`: the family's own, their conversions, its kin. */
export const CATALOG: readonly CatalogEntry[] = [
  {
    name: 'BAAI/bge-reranker-base',
    ...XLMR,
    onnx: { fp32: 'BAAI/bge-reranker-base', int8: 'Xenova/bge-reranker-base' },
  },
  {
    name: 'BAAI/bge-reranker-large',
    ...XLMR,
    onnx: { fp32: 'BAAI/bge-reranker-large', int8: 'Xenova/bge-reranker-large' },
  },
  { name: 'BAAI/bge-reranker-v2-m3', ...BGE_V2, onnx: { fp32: BGE_V2_ONNX, int8: BGE_V2_ONNX } },
  both('Xenova/bge-reranker-base', XLMR),
  both('Xenova/bge-reranker-large', XLMR),
  both(BGE_V2_ONNX, BGE_V2),
  ...['L6', 'L12'].map((size): CatalogEntry => ({
    name: `cross-encoder/ms-marco-MiniLM-${size}-v2`,
    ...MINILM,
    onnx: {
      fp32: `cross-encoder/ms-marco-MiniLM-${size}-v2`,
      int8: `Xenova/ms-marco-MiniLM-${size.replace('L', 'L-')}-v2`,
    },
  })),
  ...['L2', 'L4'].map((size): CatalogEntry => ({
    name: `cross-encoder/ms-marco-MiniLM-${size}-v2`,
    ...MINILM,
    onnx: { fp32: `cross-encoder/ms-marco-MiniLM-${size}-v2` },
  })),
  both('Xenova/ms-marco-MiniLM-L-6-v2', MINILM),
  both('Xenova/ms-marco-MiniLM-L-12-v2', MINILM),
  {
    name: 'cross-encoder/mmarco-mMiniLMv2-L12-H384-v1',
    ...XLMR,
    languages: ['multilingual'],
    licence: 'Apache-2.0',
    onnx: { fp32: 'cross-encoder/mmarco-mMiniLMv2-L12-H384-v1' },
  },
  both('jinaai/jina-reranker-v1-turbo-en', JINA_V1),
  both('jinaai/jina-reranker-v1-tiny-en', JINA_V1),
  both('jinaai/jina-reranker-v2-base-multilingual', {
    ...XLMR,
    languages: ['multilingual'],
    licence: 'CC-BY-NC-4.0',
    maxTokens: 1024,
  }),
  {
    name: 'Alibaba-NLP/gte-multilingual-reranker-base',
    ...BGE_V2,
    family: 'gte',
    onnx: {},
  },
  both('Alibaba-NLP/gte-reranker-modernbert-base', MODERNBERT),
  { name: 'ibm-granite/granite-embedding-reranker-english-r2', ...MODERNBERT, onnx: {} },
  ...ETTIN_SIZES.map((size): CatalogEntry => {
    return { name: `cross-encoder/ettin-reranker-${size}-v1`, ...MODERNBERT, maxTokens: 7999, onnx: {} };
  }),
  both('mixedbread-ai/mxbai-rerank-xsmall-v1', MXBAI),
  both('mixedbread-ai/mxbai-rerank-base-v1', MXBAI),
  both('mixedbread-ai/mxbai-rerank-large-v1', MXBAI),
  { name: 'maidalun1020/bce-reranker-base_v1', ...XLMR, licence: 'Apache-2.0', onnx: {} },
];

/** Other names of models, by the name on the Hugging Face hub that they stand for. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['@cf/baai/bge-reranker-base', 'BAAI/bge-reranker-base'],
  ['cross-encoder/ms-marco-MiniLM-L-2-v2', 'cross-encoder/ms-marco-MiniLM-L2-v2'],
  ['cross-encoder/ms-marco-MiniLM-L-4-v2', 'cross-encoder/ms-marco-MiniLM-L4-v2'],
  ['cross-encoder/ms-marco-MiniLM-L-6-v2', 'cross-encoder/ms-marco-MiniLM-L6-v2'],
  ['cross-encoder/ms-marco-MiniLM-L-12-v2', 'cross-encoder/ms-marco-MiniLM-L12-v2'],
]);

/** The hub's name of a model. */
export function hubName(model: string): string {
  return ALIASES.get(model) ?? model;
}

export function aliasesOf(name: string): string[] {
  return [...ALIASES].filter(([, target]) => target === name).map(([alias]) => alias);
}

export function catalogEntry(model: string): CatalogEntry | undefined {
  const name = hubName(model);
  return CATALOG.find((entry) => entry.name === name);
}

/** The repository that holds the model's ONNX file of this dtype, where it is known. */
export function onnxRepo(model: string, dtype: 'fp32' | 'int8'): string | undefined {
  return catalogEntry(model)?.onnx[dtype];
}
