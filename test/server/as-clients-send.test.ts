import { createHandler } from '../../src/server';
import { rerankerOfLengths } from './engine-fixture';
import { RUN, served } from './http';

/** Posts to a server over an engine that takes any text, as the native one does. */
async function post(path: string, body: unknown): Promise<{ status: number; body: any; texts: string[][] }> {
  const { reranker, texts } = rerankerOfLengths();
  const answer = await createHandler(reranker).fetch(
    new Request(`http://server${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );
  return { status: answer.status, body: await answer.json(), texts };
}

const CHUNKS = ['a chunk', '', 'another chunk'];

describe('one empty chunk among the documents', () => {
  // What these clients send, by their own code: litellm.rerank, Dify's plugins, RAGFlow's rerank models, Open WebUI.
  const requests: [string, string, object][] = [
    ['LiteLLM huggingface', '/rerank', { query: 'q', texts: CHUNKS, raw_scores: false }],
    ['LiteLLM cohere', '/v2/rerank', { model: 'm', query: 'q', documents: CHUNKS, top_n: 3 }],
    ['LiteLLM cohere v1', '/v1/rerank', { model: 'rerank-english-v3.0', query: 'q', documents: CHUNKS, top_n: 3 }],
    ['LiteLLM jina_ai', '/v1/rerank', { model: 'm', query: 'q', documents: CHUNKS, top_n: 3, return_documents: true }],
    ['LiteLLM infinity', '/rerank', { model: 'm', query: 'q', documents: CHUNKS, top_n: 3, return_documents: true }],
    ['LiteLLM hosted_vllm', '/v1/rerank', { model: 'm', query: 'q', documents: CHUNKS, truncate_prompt_tokens: -1 }],
    ['Dify, TEI', '/rerank', { query: 'q', texts: CHUNKS, return_text: true }],
    [
      'Dify, OpenAI-compatible',
      '/rerank',
      { model: 'm', query: 'q', documents: CHUNKS, top_n: 3, return_documents: true },
    ],
    ['RAGFlow, HuggingFace', '/rerank', { query: 'q', texts: CHUNKS, raw_scores: false, truncate: true }],
    [
      'RAGFlow, Xinference',
      '/v1/rerank',
      { model: 'm', query: 'q', return_documents: 'true', return_len: 'true', documents: CHUNKS },
    ],
    ['RAGFlow, LocalAI and VLLM', '/rerank', { model: 'm', query: 'q', documents: CHUNKS, top_n: 3 }],
    ['RAGFlow, Jina', '/v1/rerank', { model: 'm', query: 'q', documents: CHUNKS, top_n: 3 }],
    ['Open WebUI, external', '/v1/rerank', { model: 'm', query: 'q', documents: CHUNKS, top_n: 3 }],
    ['vLLM /score', '/score', { model: 'm', text_1: 'q', text_2: CHUNKS }],
  ];

  it.each(requests)('%s', async (_, path, request) => {
    const { status, body, texts } = await post(path, request);
    expect(status).toBe(200);
    expect(texts).toEqual([CHUNKS]);
    const rows = Array.isArray(body) ? body : (body.results ?? body.data);
    expect(rows.map(({ index }: { index: number }) => index).sort()).toEqual([0, 1, 2]);
  });

  it('the places where a document may stand as an object', async () => {
    const documents = [{ text: 'a' }, { text: '' }];
    expect((await post('/v1/rerank', { query: 'q', documents })).status).toBe(200);
    expect((await post('/v1/rerank', { query: 'q', documents, truncate_prompt_tokens: -1 })).status).toBe(200);
  });
});

describe('what each server refuses', () => {
  it.each([
    ['TEI: nothing with nothing', '/rerank', { query: '', texts: ['a', ''] }, 422],
    ['TEI: a query of nothing', '/rerank', { query: '', texts: ['a'] }, 200],
    ['TEI: no texts', '/rerank', { query: 'q', texts: [] }, 400],
    ['TEI is strict', '/rerank', { query: 'q', texts: ['a'], return_text: 'true' }, 422],
    ['infinity takes nothing with nothing', '/rerank', { query: '', documents: [''] }, 200],
    ['vLLM takes nothing with nothing', '/v2/rerank', { query: '', documents: [''] }, 200],
    ['vLLM /score too', '/score', { text_1: [''], text_2: [''] }, 200],
    ['Cohere: blanks only', '/v2/rerank', { model: 'm', query: 'q', documents: ['', ' \n'] }, 400],
    ['Cohere v1: blanks only', '/v1/rerank', { query: 'q', rank_fields: [], documents: ['', ' \n'] }, 400],
    ['Cohere: a query of nothing', '/v2/rerank', { model: 'm', query: '', documents: ['a'] }, 400],
    ['Cohere is strict', '/v2/rerank', { model: 'm', query: 'q', documents: ['a'], top_n: '1' }, 400],
    ['Workers AI', RUN, { query: 'q', contexts: [{ text: 'a' }, { text: '' }] }, 400],
  ] as [string, string, object, number][])('%s', async (_, path, request, status) => {
    expect((await post(path, request)).status).toBe(status);
  });
});

describe('values that pydantic coerces, on the routes of its servers', () => {
  it.each([
    ['/rerank', { top_n: '1' }],
    ['/rerank', { top_n: 1.0 }],
    ['/rerank', { top_n: ' 01.0 ' }],
    ['/v1/rerank', { top_n: '1' }],
    ['/v2/rerank', { top_n: '1', truncate_prompt_tokens: -1 }],
  ])('%s %j is one result', async (path, fields) => {
    const { status, body } = await post(path, { query: 'q', documents: ['a', 'bb'], ...fields });
    expect([status, body.results.length]).toEqual([200, 1]);
  });

  it.each(['true', 'True', 'TRUE', 'yes', 'on', 't', 'y', '1', 1, true])(
    'return_documents %j is yes',
    async (given) => {
      for (const path of ['/rerank', '/v1/rerank']) {
        const { body } = await post(path, { query: 'q', documents: ['a'], return_documents: given });
        expect(body.results[0]).toHaveProperty('document');
      }
    },
  );

  it.each(['false', 'False', 'no', 'off', 'f', 'n', '0', 0, false])('return_documents %j is no', async (given) => {
    for (const path of ['/rerank', '/v1/rerank']) {
      const { body } = await post(path, { query: 'q', documents: ['a'], return_documents: given });
      expect(body.results[0]).not.toHaveProperty('document');
    }
  });

  it.each([
    { top_n: '0' },
    { top_n: '1.5' },
    { top_n: 'one' },
    { top_n: '' },
    { return_documents: 'maybe' },
    { return_documents: 2 },
  ])('%j is refused', async (fields) => {
    for (const path of ['/rerank', '/v1/rerank']) {
      expect((await post(path, { query: 'q', documents: ['a'], ...fields })).status).toBe(400);
    }
  });
});

describe('GET /info, which Dify asks before it takes a TEI reranker', () => {
  it('has TEI’s fields', async () => {
    const { status, body } = await served({ maxContexts: 99 }).send('/info');
    expect(status).toBe(200);
    expect(Object.keys(body.model_type)).toEqual(['reranker']);
    expect(body).toMatchObject({ model_id: 'my-model', max_input_length: 512, max_client_batch_size: 99 });
    expect(Object.keys(body)).toEqual([
      'model_id',
      'model_sha',
      'model_dtype',
      'served_model_name',
      'model_type',
      'max_concurrent_requests',
      'max_input_length',
      'max_batch_tokens',
      'max_batch_requests',
      'max_client_batch_size',
      'auto_truncate',
      'tokenization_workers',
      'version',
      'sha',
      'docker_label',
    ]);
  });

  it('goes with its dialect, and needs the token', async () => {
    expect((await served({ dialects: ['jina'] }).send('/info')).status).toBe(404);
    expect((await served({ tokens: ['t'] }).send('/info')).status).toBe(401);
    expect((await served().post('/info', {})).status).toBe(405);
  });
});

describe('a base URL with a slash at its end', () => {
  const request = { model: 'm', query: 'q', documents: CHUNKS };

  it.each(['//v1/rerank', '/v1/rerank/', '/v1//rerank', '//v1/rerank//'])('%s is /v1/rerank', async (path) => {
    expect((await post(path, request)).texts).toEqual([CHUNKS]);
    expect((await post(path, { ...request, documents: [] })).body).toHaveProperty('detail');
  });

  it('and what is not there is still not there', async () => {
    expect((await post('/v1/v1/rerank', request)).status).toBe(404);
    expect((await post('//', request)).status).toBe(404);
  });
});

it('GET /v1/models names the model, as vLLM does', async () => {
  const { status, body } = await served().send('/v1/models');
  expect(status).toBe(200);
  expect(body).toEqual({
    object: 'list',
    data: [
      {
        id: expect.any(String) as string,
        object: 'model',
        created: expect.any(Number) as number,
        owned_by: 'vllm',
        root: expect.any(String) as string,
        parent: null,
        max_model_len: 512,
      },
    ],
  });
});
