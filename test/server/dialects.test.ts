import { RerankError } from '../../src/errors';
import { DIALECT_NAMES, type DialectName } from '../../src/server';
import { RUN, served } from './http';

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const sigmoid = (length: number) => 1 / (1 + Math.exp(-length));
const TEXTS = ['no', 'yes, please', 'a bus'];
const RANKED = [1, 2, 0];

describe('TEI /rerank', () => {
  const BODY = { query: 'tea?', texts: TEXTS };

  it('answers a bare array, best first, sigmoid', async () => {
    const { body } = await served().post('/rerank', BODY);
    expect(body).toEqual(RANKED.map((index) => ({ index, score: sigmoid(TEXTS[index]!.length) })));
  });

  it('raw_scores gives logits, return_text the texts', async () => {
    const { body } = await served().post('/rerank', { ...BODY, raw_scores: true, return_text: true });
    expect(body).toEqual(RANKED.map((index) => ({ index, text: TEXTS[index], score: TEXTS[index]!.length })));
  });

  it.each([
    { truncate: true },
    { truncate: null },
    { truncate: true, truncation_direction: 'right' },
    { truncation_direction: 'Right' },
    { truncation_direction: null, raw_scores: null },
  ])('%j passes with a text that is cut', async (options) => {
    const { post, reranker } = served();
    reranker.truncatedTokens = 3;
    expect((await post('/rerank', { ...BODY, ...options })).status).toBe(200);
  });

  it.each([{ truncate: false }, { truncation_direction: 'left' }, { truncation_direction: 'Left' }])(
    '%j passes with whole texts, and is 422 when one would be cut',
    async (options) => {
      const { post, reranker } = served();
      expect((await post('/rerank', { ...BODY, ...options })).status).toBe(200);
      reranker.truncatedTokens = 3;
      const { status, body } = await post('/rerank', { ...BODY, ...options });
      expect(status).toBe(422);
      expect(body).toEqual({ error: expect.stringContaining('3 tokens too long'), error_type: 'Validation' });
    },
  );

  it.each([
    [{ query: 'q', texts: [] }, 400, 'Empty'],
    [{ texts: ['a'] }, 422, 'Validation'],
    [{ query: '', texts: ['a', ''] }, 422, 'Validation'],
    [{ query: 'q', texts: 'a' }, 422, 'Validation'],
    [{ ...BODY, truncation_direction: 'up' }, 422, 'Validation'],
    [[], 422, 'Validation'],
    [null, 422, 'Validation'],
  ])('%j is %d %s', async (input, expectedStatus, type) => {
    const { status, body } = await served().post('/rerank', input === null ? 'null' : input);
    expect(status).toBe(expectedStatus);
    expect(body).toEqual({ error: expect.any(String), error_type: type });
  });

  it.each([
    ['INFERENCE_FAILED', 424, 'Backend'],
    ['OVERLOADED', 429, 'Overloaded'],
    ['CLOSED', 503, 'Unhealthy'],
    ['TOO_LONG', 422, 'Validation'],
  ] as const)('%s is %d %s', async (code, expectedStatus, type) => {
    const { post, reranker } = served();
    reranker.failure = new RerankError(code, 'because');
    const { status, body } = await post('/rerank', BODY);
    expect([status, body.error_type]).toEqual([expectedStatus, type]);
  });

  it('a wrong key is 401', async () => {
    const { post } = served({ tokens: ['t'] });
    expect((await post('/rerank', BODY, { authorization: 'Bearer x' })).status).toBe(401);
    expect((await post('/rerank', BODY)).status).toBe(401);
    expect((await post('/rerank', BODY, { authorization: 'Bearer t' })).status).toBe(200);
  });
});

describe('Cohere', () => {
  const BODY = { model: 'rerank-v3.5', query: 'tea?', documents: TEXTS };
  const results = RANKED.map((index) => ({ index, relevance_score: sigmoid(TEXTS[index]!.length) }));

  it('v2: id, results without documents, meta', async () => {
    const { status, body } = await served().post('/v2/rerank', { ...BODY, max_tokens_per_doc: 4096 });
    expect(status).toBe(200);
    expect(body).toEqual({
      id: expect.stringMatching(UUID),
      results,
      meta: { api_version: { version: '2' }, billed_units: { search_units: 1 } },
    });
  });

  it('v2: top_n, and a search unit for each 100 documents', async () => {
    const { post } = served();
    expect((await post('/v2/rerank', { ...BODY, top_n: 1 })).body.results).toEqual(results.slice(0, 1));
    expect((await post('/v2/rerank', { ...BODY, top_n: null })).body.results).toEqual(results);
    const many = { ...BODY, documents: new Array(201).fill('x') };
    expect((await post('/v2/rerank', many)).body.meta.billed_units.search_units).toBe(3);
  });

  it.each([
    { ...BODY, documents: [] },
    { ...BODY, documents: [{ text: 'a' }] },
    { ...BODY, query: '' },
    { ...BODY, query: undefined },
    { ...BODY, top_n: 0 },
    { ...BODY, max_tokens_per_doc: 100 },
  ])('v2: %j is 400 { message }', async (input) => {
    const { status, body } = await served().post('/v2/rerank', input);
    expect(status).toBe(400);
    expect(body).toEqual({ message: expect.any(String) });
  });

  it('v1: objects by rank_fields, text or all fields; return_documents gives them back', async () => {
    const { post, reranker } = served();
    const documents = ['plain', { text: 'of text', more: 'x' }, { title: 'T', body: 'B' }];
    const all = await post('/v1/rerank', { ...BODY, documents, return_documents: true });
    expect(reranker.calls[0]!.input.contexts.map(({ text }) => text)).toEqual([
      'plain',
      'of text',
      'title: T\nbody: B',
    ]);
    expect(all.body).toMatchObject({ id: expect.any(String), meta: { api_version: { version: '1' } } });
    expect(all.body.results.map(({ document }: { document: unknown }) => document)).toEqual([
      documents[2],
      documents[1],
      { text: 'plain' },
    ]);
    await post('/v1/rerank', { query: 'q', documents: documents.slice(2), rank_fields: ['body', 'none'] });
    expect(reranker.calls[1]!.input.contexts).toEqual([{ text: 'body: B' }]);
    const bare = await post('/v1/rerank', BODY);
    expect(bare.body.results).toEqual(results);
  });

  it('v1: rank_fields stand in their own order, and count once', async () => {
    const { post, reranker } = served();
    const documents = [{ title: 'T', body: 'B', more: 'M' }];
    const rank_fields = ['body', 'none', 'title', 'body', 'title'];
    await post('/v1/rerank', { query: 'q', documents, rank_fields });
    expect(reranker.calls[0]!.input.contexts).toEqual([{ text: 'body: B\ntitle: T' }]);
  });

  it.each([
    ['OVERLOADED', 429],
    ['CLOSED', 503],
    ['INFERENCE_FAILED', 500],
  ] as const)('%s is %d', async (code, expectedStatus) => {
    const { post, reranker } = served();
    reranker.failure = new RerankError(code, 'because');
    const { status, body } = await post('/v2/rerank', BODY);
    expect([status, Object.keys(body)]).toEqual([expectedStatus, ['message']]);
  });

  it('a wrong token is 401, an unknown path 404', async () => {
    expect((await served({ tokens: ['t'] }).post('/v2/rerank', BODY)).body).toEqual({ message: expect.any(String) });
    expect((await served({ tokens: ['t'] }).post('/v2/rerank', BODY)).status).toBe(401);
    expect((await served().post('/v3/rerank', BODY)).status).toBe(404);
  });
});

describe('Jina /v1/rerank', () => {
  const BODY = { model: 'jina-reranker-v2-base-multilingual', query: 'tea?', documents: TEXTS };

  it('model, object, usage, results with documents', async () => {
    const { body } = await served().post('/v1/rerank', BODY);
    expect(body).toEqual({
      model: BODY.model,
      object: 'list',
      usage: { total_tokens: 30 },
      results: RANKED.map((index) => ({
        index,
        relevance_score: sigmoid(TEXTS[index]!.length),
        document: { text: TEXTS[index] },
      })),
    });
  });

  it('takes { text } documents, top_n, return_documents false', async () => {
    const documents = TEXTS.map((text) => ({ text }));
    const { body } = await served().post('/v1/rerank', { ...BODY, documents, top_n: 2, return_documents: false });
    expect(body.results).toEqual([1, 2].map((index) => ({ index, relevance_score: sigmoid(TEXTS[index]!.length) })));
  });

  it('bad input is 400 { detail }', async () => {
    const { status, body } = await served().post('/v1/rerank', { ...BODY, documents: [5] });
    expect([status, body]).toEqual([400, { detail: expect.any(String) }]);
  });
});

describe('infinity /rerank', () => {
  const BODY = { query: 'tea?', documents: TEXTS };

  it('object, results, model, usage, id, created', async () => {
    const { body } = await served().post('/rerank', BODY);
    expect(body).toEqual({
      object: 'rerank',
      results: RANKED.map((index) => ({ relevance_score: sigmoid(TEXTS[index]!.length), index })),
      model: 'my-model',
      usage: { prompt_tokens: 30, total_tokens: 30 },
      id: expect.stringMatching(UUID),
      created: expect.any(Number),
    });
  });

  it('raw_scores, return_documents, top_n, model', async () => {
    const { body } = await served().post('/rerank', {
      ...BODY,
      raw_scores: true,
      return_documents: true,
      top_n: 1,
      model: 'm',
    });
    expect(body).toMatchObject({ model: 'm', results: [{ relevance_score: 11, index: 1, document: TEXTS[1] }] });
  });

  it('bad input is { error: { message, type, param, code } }', async () => {
    const { status, body } = await served().post('/rerank', { query: 5, documents: TEXTS });
    expect(status).toBe(400);
    expect(body).toEqual({
      error: { message: expect.any(String), type: 'BadRequestError', param: null, code: 400 },
    });
  });
});

describe('vLLM', () => {
  const BODY = { query: 'tea?', documents: TEXTS, truncate_prompt_tokens: -1 };

  it.each(['/rerank', '/v1/rerank', '/v2/rerank'])('%s: id, model, usage, results with documents', async (path) => {
    const { body } = await served().post(path, BODY);
    expect(body).toEqual({
      id: expect.stringMatching(UUID),
      model: 'my-model',
      usage: { prompt_tokens: 30, total_tokens: 30 },
      results: RANKED.map((index) => ({
        index,
        document: { text: TEXTS[index] },
        relevance_score: sigmoid(TEXTS[index]!.length),
      })),
    });
  });

  it('top_n 0 means all', async () => {
    const { post } = served();
    expect((await post('/v2/rerank', { ...BODY, top_n: 0 })).body.results).toHaveLength(3);
    expect((await post('/v2/rerank', { ...BODY, top_n: 2 })).body.results).toHaveLength(2);
  });

  it('/score: one text with many, or as many with as many, in their order', async () => {
    const { post } = served();
    const one = await post('/score', { text_1: 'tea?', text_2: TEXTS });
    expect(one.body).toEqual({
      id: expect.stringMatching(UUID),
      object: 'list',
      created: expect.any(Number),
      model: 'my-model',
      data: TEXTS.map((text, index) => ({ index, object: 'score', score: sigmoid(text.length) })),
      usage: { prompt_tokens: 30, total_tokens: 30 },
    });
    const pairs = await post('/score', { model: 'm', text_1: ['a', 'b'], text_2: ['cc', 'd'] });
    expect(pairs.body).toMatchObject({ model: 'm', data: [{ score: sigmoid(2) }, { score: sigmoid(1) }] });
    expect((await post('/score', { text_1: 'a', text_2: 'b' })).body.data).toHaveLength(1);
  });

  it('/score: many pairs go to the engine a part at a time, and come back in their order', async () => {
    const { post, reranker } = served();
    let most = 0;
    const rerank = reranker.rerank.bind(reranker);
    let running = 0;
    reranker.rerank = async (...call) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      const answer = await rerank(...call);
      running--;
      return answer;
    };
    const texts = Array.from({ length: 1000 }, (_, i) => 'x'.repeat(1 + (i % 7)));
    const { body } = await post('/score', { text_1: texts, text_2: texts });
    expect(body.data.map(({ score }: { score: number }) => score)).toEqual(texts.map(({ length }) => sigmoid(length)));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThan(256);
  });

  it('/score: unequal lists are 400', async () => {
    const { status, body } = await served().post('/score', { text_1: ['a', 'b'], text_2: ['c'] });
    expect([status, body.error.code]).toEqual([400, 400]);
  });

  it('a limit below the model’s is 400, as it would need another load', async () => {
    expect((await served().post('/rerank', { ...BODY, truncate_prompt_tokens: 100 })).status).toBe(400);
    expect((await served().post('/rerank', { ...BODY, truncate_prompt_tokens: 512 })).status).toBe(200);
  });
});

describe('shared paths', () => {
  const shape: Record<string, (body: any) => boolean> = {
    tei: (body) => Array.isArray(body),
    infinity: (body) => body.object === 'rerank',
    jina: (body) => body.object === 'list',
    cohere: (body) => 'meta' in body,
    vllm: (body) => /^rerank-/.test(body.id),
  };

  it.each([
    ['/rerank', { texts: ['a'] }, 'tei'],
    ['/rerank', { documents: ['a'] }, 'infinity'],
    ['/rerank', { documents: ['a'], priority: 1 }, 'vllm'],
    ['/v1/rerank', { documents: ['a'] }, 'jina'],
    ['/v1/rerank', { documents: ['a'], model: 'rerank-english-v3.0' }, 'cohere'],
    ['/v1/rerank', { documents: ['a'], rank_fields: [] }, 'cohere'],
    ['/v1/rerank', { documents: ['a'], truncate_prompt_tokens: null }, 'vllm'],
    ['/v2/rerank', { documents: ['a'], model: 'm' }, 'cohere'],
    ['/v2/rerank', { documents: ['a'] }, 'vllm'],
  ])('%s %j is for %s', async (path, fields, dialect) => {
    const { body } = await served().post(path, { query: 'q', ...fields });
    expect(shape[dialect]!(body)).toBe(true);
  });

  it.each([
    ['infinity', '/rerank'],
    ['vllm', '/rerank'],
    ['cohere', '/v1/rerank'],
    ['jina', '/v1/rerank'],
    ['vllm', '/v2/rerank'],
  ] as const)('with only %s on, %s is always its', async (dialect, path) => {
    const { body } = await served({ dialects: [dialect] }).post(path, { model: 'm', query: 'q', documents: ['a'] });
    expect(shape[dialect]!(body)).toBe(true);
  });

  it('a dialect that is off has no path', async () => {
    const others = DIALECT_NAMES.filter((name): name is DialectName => name !== 'vllm');
    expect((await served({ dialects: others }).post('/score', { text_1: 'a', text_2: 'b' })).status).toBe(404);
  });
});

describe('no request multiplies its input: what is scored and what is answered is no more than was sent', () => {
  const repeated = (text: string, times: number) => Array.from({ length: times }, () => text);
  const long = 'x'.repeat(1000);
  const documents = Array.from({ length: 100 }, () => ({ a: long, b: long }));
  const bodies: [string, string, object][] = [
    ['Cohere v1, one field named often', '/v1/rerank', { documents, rank_fields: repeated('a', 5000) }],
    [
      'Cohere v1, two fields in turn',
      '/v1/rerank',
      { documents, rank_fields: repeated('a', 999).flatMap((f) => [f, 'b']) },
    ],
    ['Cohere v1, all fields', '/v1/rerank', { documents, rank_fields: [] }],
    ['Cohere v1, documents back', '/v1/rerank', { documents, rank_fields: ['a'], return_documents: true }],
    ['Cohere v2', '/v2/rerank', { model: 'm', documents: repeated(long, 100) }],
    ['Jina', '/v1/rerank', { documents: repeated(long, 100), top_n: 100 }],
    ['infinity', '/rerank', { documents: repeated(long, 100), return_documents: true }],
    ['TEI', '/rerank', { texts: repeated(long, 100), return_text: true }],
    ['vLLM', '/v1/rerank', { documents: repeated(long, 100), truncate_prompt_tokens: -1 }],
    ['vLLM, a long query', '/score', { text_1: long.repeat(100), text_2: repeated('b', 100) }],
    ['vLLM, pairs', '/score', { text_1: repeated(long, 100), text_2: repeated(long, 100) }],
    ['Workers AI', RUN, { contexts: repeated(long, 100).map((text) => ({ text })), top_k: 100 }],
  ];

  it.each(bodies)('%s', async (_, path, fields) => {
    const { post, reranker } = served();
    const sent = JSON.stringify({ query: 'q', ...fields });
    const { status, body } = await post(path, sent);
    expect(status).toBe(200);
    const scored = reranker.calls.flatMap(({ input }) => [input.query, ...input.contexts.map(({ text }) => text)]);
    expect(scored.join('').length).toBeLessThanOrEqual(sent.length);
    const scores = 100 * '{"index":99,"relevance_score":0.12345678901234567,"document":{"text":""}},'.length;
    expect(JSON.stringify(body).length).toBeLessThan(sent.length + scores + 500);
  });
});

it('a queue that is too long tells each dialect’s clients when to come back', async () => {
  const { post, reranker } = served();
  reranker.failure = new RerankError('OVERLOADED', 'because', { retryAfterMs: 1500 });
  for (const [path, body] of [
    ['/rerank', { query: 'q', texts: ['a'] }],
    ['/v2/rerank', { model: 'm', query: 'q', documents: ['a'] }],
    [RUN, { query: 'q', contexts: [{ text: 'a' }] }],
  ] as const) {
    const { status, headers } = await post(path, body);
    expect([status, headers.get('retry-after')]).toEqual([429, '2']);
  }
});

it('the limit of passages holds in every dialect', async () => {
  const { post } = served({ maxContexts: 2 });
  expect((await post('/rerank', { query: 'q', texts: TEXTS })).status).toBe(413);
  expect((await post('/v2/rerank', { model: 'm', query: 'q', documents: TEXTS })).status).toBe(413);
  expect((await post('/score', { text_1: TEXTS, text_2: TEXTS })).status).toBe(413);
});
