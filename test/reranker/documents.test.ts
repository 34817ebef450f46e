import { Reranker } from '../../src';
import { FakeEngine, INFO } from './fake-engine';

interface Page {
  id: number;
  title: string;
  body: string;
}
const PAGES: Page[] = [
  { id: 7, title: 'Sky', body: 'It is blue.' },
  { id: 9, title: '', body: 'It is cold.' },
];

/** Scores 1, 1/2, 1/3, … in the order of the texts; what it was asked for. */
function started() {
  const engine = new FakeEngine();
  const asked: string[][] = [];
  const submit = engine.submit.bind(engine);
  engine.submit = (id, query, texts, options) => {
    asked.push(texts);
    return submit(id, query, texts, options);
  };
  return { reranker: Reranker.fromEngine(engine, INFO), asked };
}

it('documents come back as they were given, with their scores', async () => {
  const { reranker, asked } = started();
  const { results } = await reranker.rerankDocuments({ query: 'q', documents: PAGES, text: ({ body }) => body });
  expect(asked).toEqual([['It is blue.', 'It is cold.']]);
  expect(results.map(({ index, score }) => [index, score])).toEqual([
    [0, 1],
    [1, 1 / 2],
  ]);
  results.forEach(({ document, index }) => expect(document).toBe(PAGES[index]));
  const ids: number[] = results.map(({ document }) => document.id);
  expect(ids).toEqual([7, 9]);
});

it('several fields are joined by newlines, empty ones left out', async () => {
  const { reranker, asked } = started();
  await reranker.rerankDocuments({ query: 'q', documents: PAGES, text: ({ title, body }) => [title, body] });
  expect(asked).toEqual([['Sky\nIt is blue.', 'It is cold.']]);
});

it('strings, and objects with text, need no accessor; an empty text is one too', async () => {
  const { reranker, asked } = started();
  await reranker.rerankDocuments({ query: 'q', documents: ['a', { text: 'b', more: 1 }, ''] });
  expect(asked).toEqual([['a', 'b', '']]);
});

it('top_k, details and options are those of rerank', async () => {
  const { reranker } = started();
  const options = { details: true, minScore: 0.5, onError: 'skip' } as const;
  const answer = await reranker.rerankDocuments({ query: 'q', documents: ['aa', 'b', 'c'], top_k: 3 }, options);
  expect(answer).toEqual({
    results: [
      { document: 'aa', index: 0, score: 1, tokens: 2, truncatedTokens: 0 },
      { document: 'b', index: 1, score: 0.5, tokens: 1, truncatedTokens: 0 },
    ],
    skipped: [],
  });
  expect(await reranker.rerankDocuments({ query: 'q', documents: [] })).toEqual({ results: [] });
});

it.each<[unknown, string, RegExp]>([
  [undefined, '/query', /\/query/],
  [{ query: '', documents: ['a'] }, '/query', /Length of '\/query' must be >= 1/],
  [{ query: 'q' }, '/documents', /list of documents/],
  [{ query: 'q', documents: ['a', 5] }, '/documents/1', /string, or an object with a string 'text', as document 1/],
  [{ query: 'q', documents: ['a', null] }, '/documents/1', /as document 1/],
  [{ query: 'q', documents: [{}], text: () => 5 }, '/documents/0', /from 'text' for document 0/],
  [{ query: 'q', documents: ['a'], top_k: 0 }, '/top_k', /must be >= 1/],
])('%j is refused at %s', async (input, path, message) => {
  const { reranker, asked } = started();
  await expect(reranker.rerankDocuments(input as { query: string; documents: string[] })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    path,
    message: expect.stringMatching(message) as string,
  });
  expect(asked).toEqual([]);
});
