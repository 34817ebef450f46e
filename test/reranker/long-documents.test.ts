import { Reranker, type LongDocuments } from '../../src';
import { windowsOf, type Window } from '../../src/long-documents';
import { minilmFolder } from '../support/models';

const QUERY = 'why is the sky blue';
const FILLER = 'The committee met on Tuesday and talked about the budget of the coming year at great length. ';
const ANSWER =
  'Rayleigh scattering makes the sky blue, because short wavelengths are scattered far more than long ones. ';

let reranker: Reranker;
beforeAll(async () => (reranker = await Reranker.load(minilmFolder(), { threads: 2 })));
afterAll(() => reranker.close());

const specials = () => reranker.encode('', '').ids.length;
const count = (text: string) => reranker.encode('', text, { maxLength: 2 ** 20 }).ids.length - specials();

function expectCover(windows: Window[], text: string): void {
  expect(windows[0]!.start).toBe(0);
  expect(windows.at(-1)!.end).toBe(text.length);
  for (let i = 1; i < windows.length; i++) {
    expect(windows[i]!.start).toBeGreaterThan(windows[i - 1]!.start);
    expect(windows[i]!.start).toBeLessThanOrEqual(windows[i - 1]!.end);
  }
}

describe('windows', () => {
  it.each([
    ['English', FILLER.repeat(40)],
    ['Chinese, no spaces', '今天的会议讨论了明年的预算和人员安排问题。'.repeat(60)],
    ['emoji, surrogate pairs', '😀🎉👩‍👩‍👧'.repeat(200)],
    ['one endless word', 'abcdefghij'.repeat(400)],
    ['spaces', `${' '.repeat(5000)}end`],
    ['mixed', `${FILLER}${'漢字'.repeat(500)}${FILLER}${'x'.repeat(3000)}`.repeat(2)],
  ])('%s: no gap, no window too long, no broken character', async (_, text) => {
    for (const [window, stride] of [
      [64, 64],
      [64, 32],
      [200, 50],
    ] as const) {
      const windows = await windowsOf([text], { window, stride }, count);
      expectCover(windows, text);
      for (const { start, end } of windows) {
        const part = text.slice(start, end);
        expect(count(part)).toBeLessThanOrEqual(window);
        expect(part).not.toMatch(/\p{Surrogate}/u);
      }
    }
  });

  it('a passage that fits is one window; windows are well filled', async () => {
    expect(await windowsOf(['short'], { window: 64, stride: 32 }, count)).toEqual([{ context: 0, start: 0, end: 5 }]);
    const text = FILLER.repeat(40);
    const windows = await windowsOf([text], { window: 100, stride: 100 }, count);
    expect(windows.length).toBeLessThan((count(text) / 100) * 1.3);
  });
});

describe('rerank with longDocuments', () => {
  const late = FILLER.repeat(60) + ANSWER + FILLER.repeat(5);
  const contexts = [{ text: FILLER.repeat(60) }, { text: late }, { text: 'Blue paint is dear.' }];
  const ask = (longDocuments?: LongDocuments, topK?: number) =>
    reranker.rerank({ query: QUERY, contexts, top_k: topK }, { longDocuments, details: true });

  it('finds what truncation cuts off, and says where', async () => {
    const cut = await ask();
    expect(cut.response.find(({ id }) => id === 1)!.score).toBeLessThan(0.01);
    const [best] = (await ask({ window: 120 })).response;
    expect(best).toMatchObject({ id: 1, truncatedTokens: 0 });
    expect(best!.score).toBeGreaterThan(0.9);
    expect(late.slice(best!.range!.start, best!.range!.end)).toContain('Rayleigh scattering');
  });

  it('max is the score of that window on its own, mean that of all windows', async () => {
    const window = 150;
    const { response } = await ask({ window, stride: window });
    const { start, end } = response[0]!.range!;
    const alone = await reranker.rerank({ query: QUERY, contexts: [{ text: late.slice(start, end) }] });
    expect(response[0]!.score).toBe(alone.response[0]!.score);

    const windows = await windowsOf([late], { window, stride: window }, count);
    const parts = windows.map((found) => ({ text: late.slice(found.start, found.end) }));
    const each = await reranker.rerank({ query: QUERY, contexts: parts });
    const mean = each.response.reduce((sum, { score }) => sum + score, 0) / parts.length;
    const averaged = await ask({ window, stride: window, aggregate: 'mean' });
    expect(averaged.response.find(({ id }) => id === 1)!.score).toBeCloseTo(mean, 12);
  });

  it('default window: nothing is cut; top_k counts passages', async () => {
    const { response } = await ask({}, 2);
    expect(response).toHaveLength(2);
    for (const { tokens, truncatedTokens } of response) {
      expect(tokens).toBeLessThanOrEqual(reranker.info.maxLength);
      expect(truncatedTokens).toBe(0);
    }
  });

  it('close() waits for a call that still splits its passages; a timeout ends one that does', async () => {
    const other = await Reranker.load(minilmFolder(), { threads: 1 });
    const book = { query: 'q', contexts: [{ text: 'many words of a book '.repeat(4_000) }] };
    const options = { longDocuments: { window: 500, stride: 500 } };
    await expect(other.rerank(book, { ...options, timeoutMs: 1 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    const accepted = other.rerank(book, options);
    const closing = other.close();
    expect((await accepted).response).toHaveLength(1);
    await closing;
  });

  it('bad options', async () => {
    const bad = (longDocuments: unknown) => ask(longDocuments as LongDocuments);
    await expect(bad({ window: 0 })).rejects.toMatchObject({ code: 'INVALID_OPTION', path: 'longDocuments.window' });
    await expect(bad({ window: 10, stride: 11 })).rejects.toMatchObject({ path: 'longDocuments.stride' });
    await expect(bad({ aggregate: 'sum' })).rejects.toMatchObject({ path: 'longDocuments.aggregate' });
    await expect(bad(7)).rejects.toMatchObject({ path: 'longDocuments' });
    const query = 'word '.repeat(600);
    const long = reranker.rerank({ query, contexts }, { longDocuments: {} });
    await expect(long).rejects.toMatchObject({ code: 'TOO_LONG', path: '/query' });
  });
});
