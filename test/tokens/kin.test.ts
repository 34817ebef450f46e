import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer } from 'tokenizers';
import { Reranker } from '../../src';
import { temporaryModel, type TemporaryModel } from '../support/models';
import { modelForAnyTokenizer } from '../support/onnx-model';

const TEXTS = 20_000;

/** A small fixed random number generator (mulberry32), so that a failure comes back. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const SPACES = [' ', '  ', '\t', '\n', '\r\n', '\u00a0', '\u2003', '\u3000', '\u0085', '\u2028', '\v', '\u200b'];
const CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'", "'l", "'r", "'S", '’s', "''s", " 's", "1's"];
const TOKENS = ['<s>', '</s>', '<mask>', '[CLS]', '[MASK]', '|||IP_ADDRESS|||'];
const WORDS =
  'the of reranker naïve café Straße día Việt Nam это предложение मनुष्य 人工知能 한국어 مرحبا עברית 12 345 6,789.0'.split(
    ' ',
  );
const OTHERS = [
  '😀',
  '👨‍👩‍👧',
  '🇩🇪',
  '™',
  '½',
  '①',
  'ﬁ',
  '°',
  '€',
  '\u0301',
  '\u0323',
  '\u0345',
  '\u1100\u1161\u11a8',
  '가\u11a8',
  '\u212b',
];

/** What the kinds treat unlike: white space, contractions, composed and decomposed letters, special tokens, any scalar. */
function text(random: (below: number) => number): string {
  const of = (list: readonly string[]) => list[random(list.length)]!;
  const parts = Array.from({ length: 1 + random(24) }, () => {
    switch (random(8)) {
      case 0:
        return of(SPACES).repeat(1 + random(3));
      case 1:
        return of(CONTRACTIONS);
      case 2:
        return of(OTHERS);
      case 3:
        return of(TOKENS);
      case 4:
        return String.fromCodePoint(random(4) === 0 ? random(0xd800) : random(0x600));
      case 5:
        return of(WORDS).normalize('NFD');
      default:
        return ` ${of(WORDS)}`;
    }
  });
  const whole = parts.join('');
  return random(200) === 0
    ? whole
        .repeat(400)
        .slice(0, 3000 + random(9000))
        .toWellFormed()
    : whole;
}

describe.each(['roberta', 'modernbert', 'deberta', 'deberta-5'])('a tokenizer in the form of %s', (name) => {
  const file = join(__dirname, '..', 'native', 'fixtures', 'tokenizer', `${name}.json`);
  const random = randomFrom(20);
  let model: TemporaryModel;
  let reranker: Reranker;

  beforeAll(async () => {
    model = temporaryModel({ 'model.onnx': modelForAnyTokenizer(), 'tokenizer.json': readFileSync(file, 'utf8') });
    reranker = await Reranker.load(model.folder, { threads: 1 });
  });
  afterAll(async () => {
    await reranker.close();
    model.remove();
  });

  it(`${TEXTS} strings as Hugging Face tokenizers`, async () => {
    const oracle = Tokenizer.fromFile(file);
    const differences: unknown[] = [];
    for (let i = 0; i < TEXTS / 2; i++) {
      const [query, passage] = [text(random), text(random)];
      const encoding = await oracle.encode(query, passage);
      const want = [encoding.getIds(), encoding.getTypeIds()];
      const { ids, typeIds } = reranker.encode(query, passage, { maxLength: 2 ** 20 });
      if (JSON.stringify([ids, typeIds]) !== JSON.stringify(want)) differences.push({ query, passage, ids, want });
    }
    expect(differences.slice(0, 3)).toEqual([]);
  });
});
