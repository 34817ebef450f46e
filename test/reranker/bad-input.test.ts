import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Reranker, type RerankerOptions } from '../../src';
import { minilmFolder, temporaryModel } from '../support/models';

const QUERY = 'what does the passage say about reranking?';

describe('hard input', () => {
  let reranker: Reranker;
  beforeAll(async () => {
    reranker = await Reranker.load(minilmFolder());
  });
  // Whatever came before, the next good call works and nothing is left in the queue.
  afterEach(async () => {
    const { response } = await reranker.rerank({ query: QUERY, contexts: [{ text: 'Rerankers order passages.' }] });
    expect(response).toHaveLength(1);
    expect(reranker.stats()).toMatchObject({ activeRequests: 0, queuedPairs: 0, queuedTokens: 0 });
  });
  afterAll(() => reranker.close());

  const logit = async (text: string): Promise<number> => {
    const { response } = await reranker.rerank({ query: QUERY, contexts: [{ text }] }, { rawScores: true });
    return response[0]?.score ?? NaN;
  };

  test('lone surrogates count as U+FFFD', async () => {
    for (const text of ['a \ud800 b', '\udfffab', 'ab\ud83d', '\udc00\ud800']) {
      const replaced = text.toWellFormed();
      expect(reranker.encode(QUERY, text)).toEqual(reranker.encode(QUERY, replaced));
      expect(await logit(text)).toBe(await logit(replaced));
    }
  });

  test.each([
    ['words', 'reranking orders passages by relevance. '],
    ['no space at all', 'reranking'],
    ['CJK', '重排序模型对段落进行排序'],
  ])('10 MB of %s: truncated, scored as its beginning is, memory bounded', async (_, unit) => {
    const long = unit.repeat(Math.ceil(10_000_000 / Buffer.byteLength(unit)));
    const before = process.memoryUsage().rss;
    expect(await logit(long)).toBe(await logit(unit.repeat(1_000)));
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
  });

  test('10,000 contexts', async () => {
    const contexts = Array.from({ length: 10_000 }, (__, i) => ({ text: `p${i}` }));
    const { response } = await reranker.rerank({ query: 'p77', contexts, top_k: 20_000 });
    expect(response).toHaveLength(10_000);
    expect(new Set(response.map(({ id }) => id)).size).toBe(10_000);
    expect(response.every(({ score }, i) => i === 0 || score <= (response[i - 1]?.score ?? NaN))).toBe(true);
  });

  test('NUL and control characters', async () => {
    for (const text of ['\0', 'a\0b', '\u0001\u0002\u001f', '\u007f\u0085', '\r\n\t\v\f']) {
      expect(await logit(text)).toEqual(expect.any(Number));
    }
  });

  test('truncation none names the context that is too long, and nothing else runs', async () => {
    const strict = await Reranker.load(minilmFolder(), { truncation: 'none', maxLength: 32 });
    const contexts = [{ text: 'short' }, { text: 'word '.repeat(100) }];
    await expect(strict.rerank({ query: 'q', contexts })).rejects.toMatchObject({
      code: 'TOO_LONG',
      path: '/contexts/1/text',
    });
    expect((await strict.rerank({ query: 'q', contexts: [{ text: 'short' }] })).response).toHaveLength(1);
    await strict.close();
  });
});

describe('files that are not as they should be', () => {
  const tokenizer = () => readFileSync(path.join(minilmFolder(), 'tokenizer.json'), 'utf8');
  const model = () => readFileSync(path.join(minilmFolder(), 'model.onnx'));
  const changed = (change: (json: Record<string, unknown>) => void) => {
    const json = JSON.parse(tokenizer()) as Record<string, unknown>;
    change(json);
    return JSON.stringify(json);
  };

  async function loading(contents: Parameters<typeof temporaryModel>[0], options?: RerankerOptions): Promise<void> {
    const { folder, remove } = temporaryModel(contents);
    try {
      const reranker = await Reranker.load(folder, options);
      await reranker.close();
    } finally {
      remove();
    }
  }

  test.each<[string, () => Parameters<typeof temporaryModel>[0], string, string]>([
    ['tokenizer.json truncated', () => ({ 'tokenizer.json': tokenizer().slice(0, 5_000) }), 'TOKENIZER_INVALID', ''],
    ['tokenizer.json empty', () => ({ 'tokenizer.json': '' }), 'TOKENIZER_INVALID', ''],
    ['tokenizer.json not JSON', () => ({ 'tokenizer.json': '<html>' }), 'TOKENIZER_INVALID', ''],
    [
      'tokenizer.json of another model kind',
      () => ({ 'tokenizer.json': changed((json) => ((json.model as { type: string }).type = 'WordLevel')) }),
      'TOKENIZER_UNSUPPORTED',
      'WordLevel',
    ],
    [
      'tokenizer.json with another normalizer',
      () => ({ 'tokenizer.json': changed((json) => (json.normalizer = { type: 'NFKD' })) }),
      'TOKENIZER_UNSUPPORTED',
      'NFKD',
    ],
    ['no tokenizer.json', () => ({ 'tokenizer.json': null }), 'MODEL_NOT_FOUND', 'tokenizer.json'],
    ['no model', () => ({ 'model.onnx': null }), 'MODEL_NOT_FOUND', 'model'],
    ['model truncated', () => ({ 'model.onnx': model().subarray(0, 1_000_000) }), 'MODEL_INVALID', ''],
    ['model empty', () => ({ 'model.onnx': '' }), 'MODEL_INVALID', ''],
    ['model not ONNX', () => ({ 'model.onnx': 'this is text' }), 'MODEL_INVALID', ''],
  ])('%s', async (_, contents, code, words) => {
    await expect(loading(contents())).rejects.toMatchObject({
      name: 'RerankError',
      code,
      message: expect.stringContaining(words) as string,
    });
  });

  test('a folder that is not there', async () => {
    await expect(Reranker.load(path.join(__dirname, 'no-such-folder'))).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
    });
  });

  test.each([513, 100_000])('maxLength %i is beyond the model', async (maxLength) => {
    await expect(loading({}, { maxLength })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  test.each([1, 2])('maxLength %i has no room for the special tokens', async (maxLength) => {
    await expect(loading({}, { maxLength })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});

describe('providers', () => {
  test('cuda where there is none: cpu is used and info says why', async () => {
    await using reranker = await Reranker.load(minilmFolder(), { executionProviders: ['cuda', 'cpu'] });
    expect(reranker.info.provider).toMatchObject({
      asked: ['cuda', 'cpu'],
      got: 'cpu',
      reason: expect.stringMatching(/^cuda cannot be used: .+/) as string,
    });
  });

  test('cuda alone where there is none is an error', async () => {
    await expect(Reranker.load(minilmFolder(), { executionProviders: ['cuda'] })).rejects.toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
    });
  });
});

test('rerank after close', async () => {
  const reranker = await Reranker.load(minilmFolder());
  await reranker.close();
  await expect(reranker.rerank({ query: 'q', contexts: [{ text: 'a' }] })).rejects.toMatchObject({ code: 'CLOSED' });
  expect(() => reranker.encode('q', 'a')).toThrow(expect.objectContaining({ code: 'CLOSED' }) as Error);
});
