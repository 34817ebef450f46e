import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reranker } from '../../src';
import { temporaryFolder } from '../support/temporary-folder';
import { tinyBert, tinyBertConfig, type TinyBert } from '../support/tiny-bert';

// What transformers 4.44.2 and 5.24.0 score (scripts/models/config-defaults.py; they differ by 1e-6 at most) where
// config.json leaves out what they have defaults for. The second text names the padding token, whose place in XLM-R
// depends on pad_token_id.
const QUERY = 'how do rerankers order passages?';
const TEXTS = ['by the score of each pair', '<pad>[PAD] the sky is blue'];
const MODELS = [
  {
    family: 'bert',
    tokenizer: 'wordpiece.json',
    scores: { leftOut: [0.767743, 0.660944], epsilon: [0.759171, 0.66137], padding: [0.767743, 0.660944] },
  },
  {
    family: 'xlm-roberta',
    tokenizer: 'unigram.json',
    scores: { leftOut: [0.585659, 0.593026], epsilon: [0.586091, 0.601953], padding: [0.91299, 0.45187] },
  },
] as const;
const HAVE_DEFAULTS = [
  'vocab_size',
  'max_position_embeddings',
  'type_vocab_size',
  'pad_token_id',
  'layer_norm_eps',
] as const;

describe.each(MODELS)('$family', ({ family, tokenizer, scores }) => {
  const sizes: TinyBert = { family, vocabulary: 30_522, positions: 512, types: 2, epsilon: 1e-12 };
  const weights = tinyBert(sizes);

  async function logits(entries: Record<string, unknown>): Promise<number[]> {
    const folder = temporaryFolder();
    copyFileSync(join(__dirname, '..', 'native', 'fixtures', 'tokenizer', tokenizer), join(folder, 'tokenizer.json'));
    writeFileSync(join(folder, 'model.safetensors'), weights);
    const whole = JSON.parse(tinyBertConfig(sizes)) as object;
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...whole, ...entries }));
    await using reranker = await Reranker.load(folder, { dtype: 'fp32', threads: 1 });
    expect(reranker.info.engine.name).toBe('builtin');
    const { response } = await reranker.rerank(
      { query: QUERY, contexts: TEXTS.map((text) => ({ text })) },
      { rawScores: true },
    );
    return response.sort((a, b) => a.id - b.id).map(({ score }) => score);
  }

  async function expectScores(entries: Record<string, unknown>, expected: readonly number[]): Promise<void> {
    const found = await logits(entries);
    found.forEach((logit, i) => expect(Math.abs(logit - expected[i]!)).toBeLessThanOrEqual(1e-5));
    expect(found).toHaveLength(expected.length);
  }

  const choices: { names: readonly string[] }[] = [
    { names: HAVE_DEFAULTS },
    ...HAVE_DEFAULTS.map((name) => ({ names: [name] })),
  ];
  it.each(choices)('without $names', async ({ names }) => {
    await expectScores(Object.fromEntries(names.map((name) => [name, undefined])), scores.leftOut);
  });

  it('with null in their places', async () => {
    await expectScores(Object.fromEntries(HAVE_DEFAULTS.map((name) => [name, null])), scores.leftOut);
  });

  it('and other values count where they stand', async () => {
    await expectScores({ layer_norm_eps: 1e-3 }, scores.epsilon);
    await expectScores({ pad_token_id: 5 }, scores.padding);
  });
});
