import { served } from './http';

// Every field that the emulated servers document, from their own sources: vLLM's scoring and base protocol.py, the npm
// packages cohere-ai 8.1.0 and voyageai 0.4.0, TEI's and infinity's OpenAPI documents, Jina's and NVIDIA NIM's API pages.
// One rule for all: a field is obeyed, or no answer depends on it, or a value that would change the answer is refused by
// the field's name.

const TEXTS = ['no', 'yes, please', 'a bus'];
const DOCUMENTS = { model: 'm', query: 'tea?', documents: TEXTS };

type Outcome =
  /** Changes the answer. */
  | 'obeyed'
  /** No score, order or text depends on it. */
  | 'no bearing'
  /** By its name. */
  | 'refused'
  /** By its name where a text would be cut; else no bearing. */
  | 'refused where cut';

interface Api {
  path: string;
  body: object;
  /** A value that asks for something else than what is done without it. */
  fields: [field: string, value: unknown, outcome: Outcome][];
  /** Values that ask for what is done anyway. */
  harmless: [field: string, value: unknown][];
}

const VLLM: Api['fields'] = [
  ['user', 'u', 'no bearing'],
  ['truncate_prompt_tokens', 100, 'refused'],
  ['truncation_side', 'left', 'refused where cut'],
  ['max_tokens_per_query', 100, 'refused'],
  ['max_tokens_per_doc', 100, 'refused'],
  ['request_id', 'r', 'obeyed'],
  ['priority', 3, 'no bearing'],
  ['mm_processor_kwargs', { a: 1 }, 'refused'],
  ['additional_data', 'a', 'no bearing'],
  ['cache_salt', 's', 'no bearing'],
  ['padding', 'max_length', 'no bearing'],
  ['use_activation', false, 'obeyed'],
  ['activation', false, 'obeyed'],
];
const VLLM_HARMLESS: Api['harmless'] = [
  ['truncate_prompt_tokens', -1],
  ['truncate_prompt_tokens', 512],
  ['truncation_side', 'right'],
  ['max_tokens_per_query', 0],
  ['max_tokens_per_doc', 0],
  ['max_tokens_per_doc', 8192],
  ['mm_processor_kwargs', null],
  ['use_activation', true],
];

const APIS: Record<string, Api> = {
  'vLLM rerank': {
    path: '/v1/rerank',
    body: { ...DOCUMENTS, truncate_prompt_tokens: -1 },
    fields: [['top_n', 1, 'obeyed'], ...VLLM],
    harmless: [['top_n', 0], ...VLLM_HARMLESS],
  },
  'vLLM score': {
    path: '/v1/score',
    body: { model: 'm', text_1: 'tea?', text_2: TEXTS },
    fields: VLLM,
    harmless: VLLM_HARMLESS,
  },
  TEI: {
    path: '/rerank',
    body: { query: 'tea?', texts: TEXTS },
    fields: [
      ['truncate', false, 'refused where cut'],
      ['truncation_direction', 'Left', 'refused where cut'],
      ['raw_scores', true, 'obeyed'],
      ['return_text', true, 'obeyed'],
    ],
    harmless: [
      ['truncate', true],
      ['truncation_direction', 'Right'],
    ],
  },
  infinity: {
    path: '/rerank',
    body: DOCUMENTS,
    fields: [
      ['top_n', 1, 'obeyed'],
      ['return_documents', true, 'obeyed'],
      ['raw_scores', true, 'obeyed'],
    ],
    harmless: [['return_documents', false]],
  },
  'Cohere v2': {
    path: '/v2/rerank',
    body: DOCUMENTS,
    fields: [
      ['top_n', 1, 'obeyed'],
      ['max_tokens_per_doc', 100, 'refused'],
      ['priority', 3, 'no bearing'],
    ],
    harmless: [['max_tokens_per_doc', 4096]],
  },
  'Cohere v1': {
    path: '/v1/rerank',
    body: { ...DOCUMENTS, model: 'rerank-english-v3.0' },
    fields: [
      ['top_n', 1, 'obeyed'],
      ['return_documents', true, 'obeyed'],
      ['max_chunks_per_doc', 10, 'refused'],
      ['max_tokens_per_doc', 100, 'refused'],
    ],
    harmless: [
      ['max_chunks_per_doc', 1],
      ['rank_fields', ['text']],
    ],
  },
  Jina: {
    path: '/v1/rerank',
    body: DOCUMENTS,
    fields: [
      ['top_n', 1, 'obeyed'],
      ['return_documents', false, 'obeyed'],
      ['return_embeddings', true, 'refused'],
      ['max_doc_length', 100, 'refused'],
      ['max_query_length', 100, 'refused'],
    ],
    harmless: [
      ['return_documents', true],
      ['return_embeddings', false],
      ['max_doc_length', 2048],
    ],
  },
  Voyage: {
    path: '/v1/rerank',
    body: { ...DOCUMENTS, model: 'rerank-2.5' },
    fields: [
      ['top_k', 1, 'obeyed'],
      ['return_documents', true, 'obeyed'],
      ['truncation', false, 'refused where cut'],
    ],
    harmless: [
      ['top_k', null],
      ['truncation', true],
    ],
  },
  'NVIDIA NIM': {
    path: '/v1/ranking',
    body: { model: 'm', query: { text: 'tea?' }, passages: TEXTS.map((text) => ({ text })), truncate: 'END' },
    fields: [['truncate', 'NONE', 'refused where cut']],
    harmless: [['truncate', 'END']],
  },
};

/** What is new in every answer. */
const known = (body: unknown): unknown =>
  JSON.parse(
    JSON.stringify(body).replace(/"(?:id|created)":(?:\d+|"(?:[a-z]+-)?[0-9a-f-]{36}")/g, '"new":0'),
  ) as unknown;

async function answer({ path, body }: Pick<Api, 'path' | 'body'>, fields: object, truncatedTokens = 0) {
  const { post, reranker } = served();
  reranker.truncatedTokens = truncatedTokens;
  const found = await post(path, { ...body, ...fields });
  return { status: found.status, body: known(found.body) };
}

async function expectRefused(api: Api, fields: Record<string, unknown>, truncatedTokens: number): Promise<void> {
  const { status, body } = await answer(api, fields, truncatedTokens);
  expect([400, 422]).toContain(status);
  expect(JSON.stringify(body)).toContain(`'${Object.keys(fields)[0]!}'`);
}

describe.each(Object.entries(APIS))('%s', (_, api) => {
  it.each(api.fields)('%s: %j is %s', async (field, value, outcome) => {
    const plain = await answer(api, {});
    expect(plain.status).toBe(200);
    if (outcome === 'refused') {
      await expectRefused(api, { [field]: value }, 0);
      return;
    }
    const asked = await answer(api, { [field]: value });
    expect(asked.status).toBe(200);
    if (outcome === 'obeyed') expect(asked.body).not.toEqual(plain.body);
    else expect(asked.body).toEqual(plain.body);
    if (outcome === 'refused where cut') await expectRefused(api, { [field]: value }, 3);
  });

  it.each(api.harmless)('%s: %j asks for what is done anyway', async (field, value) => {
    expect(await answer(api, { [field]: value })).toEqual(await answer(api, {}));
  });

  it('a field that is not documented is let be', async () => {
    expect(await answer(api, { not_documented: 1 })).toEqual(await answer(api, {}));
  });
});

describe('vLLM’s names for the sides of a pair', () => {
  it.each([
    ['queries', 'documents'],
    ['queries', 'items'],
    ['data_1', 'data_2'],
    ['text_1', 'text_2'],
  ])('%s and %s', async (first, second) => {
    for (const path of ['/score', '/v1/score']) {
      const one = await served().post(path, { [first]: 'tea?', [second]: TEXTS });
      expect(one.status).toBe(200);
      expect(one.body).toMatchObject({ data: TEXTS.map((_, index) => ({ index, object: 'score' })) });
      const uneven = await served().post(path, { [first]: ['a', 'b'], [second]: TEXTS });
      expect(uneven).toMatchObject({ status: 400 });
      expect(JSON.stringify(uneven.body)).toContain(`'${first}' and '${second}'`);
      const missing = await served().post(path, { [second]: TEXTS });
      expect(JSON.stringify(missing.body)).toContain(`'${first}' is wrong: it is required`);
    }
  });
});
