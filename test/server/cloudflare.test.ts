import { RerankError } from '../../src/errors';
import { createAi } from '../../src/workers-ai';
import { FakeReranker } from './fake-reranker';
import { ACCOUNT, RUN, served } from './http';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;
const A = [{ text: 'a' }];
const REQUIRED = "required properties at '/' are 'query,contexts'";
const TEA = { query: 'tea?', contexts: [{ text: 'no' }, { text: 'yes, please' }, { text: 'a bus' }] };
const MODEL = '@cf/baai/bge-reranker-base';

describe('REST, a good request', () => {
  it('answers result, success, errors, messages, in this order, with true tokens', async () => {
    const { post } = served();
    const { status, headers, body } = await post(RUN, TEA);
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['result', 'success', 'errors', 'messages']);
    expect(body).toMatchObject({ success: true, errors: [], messages: [] });
    expect(body.result.response.map(({ id }: { id: number }) => id)).toEqual([1, 2, 0]);
    for (const row of body.result.response) expect(Object.keys(row)).toEqual(['id', 'score']);
    expect(body.result.usage).toEqual({ prompt_tokens: 30, completion_tokens: 0, total_tokens: 30 });
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('cf-ai-req-id')).toMatch(UUID);
    expect(headers.get('cf-ray')).toMatch(/^[0-9a-f]{16}-LOCAL$/);
  });

  it('clamps top_k and counts the tokens of all pairs', async () => {
    const { post } = served();
    const two = await post(RUN, { ...TEA, top_k: 2, other: 1 });
    expect(two.body.result.response).toHaveLength(2);
    expect(two.body.result.usage.total_tokens).toBe(30);
    const all = await post(RUN, { ...TEA, top_k: 99 });
    expect(all.body.result.response).toHaveLength(3);
  });

  it('answers an empty response to no contexts', async () => {
    const { body } = await served().post(RUN, { query: 'q', contexts: [] });
    expect(body.result).toEqual({
      response: [],
      usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
    });
  });

  it.each(['application/x-www-form-urlencoded', 'text/plain', 'application/json; charset=utf-8', ''])(
    'takes the content type %j, as curl sends it',
    async (type) => {
      expect((await served().post(RUN, TEA, { 'content-type': type })).status).toBe(200);
    },
  );

  it.each([RUN.replace('@cf/baai/', '@cf%2Fbaai%2F'), RUN.replace('@', '%40'), RUN.replace(MODEL, 'my-model')])(
    'finds the model in %s',
    async (path) => {
      expect((await served().post(path, TEA)).status).toBe(200);
    },
  );
});

// Every row of the contract's table of bad input, by REST and by binding.
const BAD_INPUT: [unknown, string][] = [
  [{}, REQUIRED],
  [{ contexts: A }, REQUIRED],
  [{ query: 'q' }, REQUIRED],
  [{ text: 'This pizza is great!' }, REQUIRED],
  [[], REQUIRED],
  ['text', REQUIRED],
  [null, REQUIRED],
  [{ query: 'q', contexts: null }, REQUIRED],
  [{ query: 'q', contexts: {} }, REQUIRED],
  [{ query: 'q', contexts: [{}] }, REQUIRED],
  [{ query: '', contexts: A }, "Length of '/query' must be >= 1 not met"],
  [{ query: 'q', contexts: [{ text: '' }] }, "Length of '/contexts/0/text' must be >= 1 not met"],
  [{ query: 1, contexts: A }, "Type mismatch of '/query', 'string' not in 'number','integer'"],
  [{ query: null, contexts: A }, "Type mismatch of '/query', 'string' not in 'null'"],
  [{ query: 'q', contexts: [{ text: 5 }] }, "Type mismatch of '/contexts/0/text', 'string' not in 'number','integer'"],
  [{ query: 'q', contexts: 'x' }, "Type mismatch of '/contexts', 'array' not in 'string'"],
  [{ query: 'q', contexts: A, top_k: 0 }, "'/top_k' must be >= 1"],
  [{ query: 'q', contexts: A, top_k: -1 }, "'/top_k' must be >= 1"],
  [{ query: 'q', contexts: A, top_k: 2.5 }, "Type mismatch of '/top_k', 'integer' not in 'number'"],
  [{ query: 'q', contexts: A, top_k: '3' }, "Type mismatch of '/top_k', 'integer' not in 'string'"],
  [{ query: 'q', contexts: A, top_k: null }, "Type mismatch of '/top_k', 'integer' not in 'null'"],
  [{ query: 'q', contexts: ['a'] }, "Type mismatch of '/contexts/0', 'object' not in 'string'"],
  [{ query: 'q', contexts: [5] }, "Type mismatch of '/contexts/0', 'object' not in 'number','integer'"],
  [{ query: 'q', contexts: [...A, null] }, "Type mismatch of '/contexts/1', 'object' not in 'null'"],
];

describe('bad input is 5006', () => {
  it.each(BAD_INPUT)('REST %j', async (input, message) => {
    const { status, headers, body } = await served().post(RUN, JSON.stringify(input));
    expect(status).toBe(400);
    expect(Object.keys(body)).toEqual(['errors', 'success', 'result', 'messages']);
    expect(body).toMatchObject({ success: false, result: {}, messages: [] });
    expect(Object.keys(body.errors[0])).toEqual(['message', 'code']);
    expect(body.errors[0].code).toBe(5006);
    const [, told, id] = /^AiError: Bad input: Error: (.*) \((.*)\)$/.exec(body.errors[0].message) ?? [];
    expect([told, id]).toEqual([message, expect.stringMatching(UUID)]);
    expect(headers.get('cf-ai-req-id')).toMatch(UUID);
  });

  it.each(BAD_INPUT)('binding %j', async (input, message) => {
    const ai = createAi({ model: new FakeReranker() });
    await expect(ai.run(MODEL, input as never)).rejects.toMatchObject({
      name: 'InferenceUpstreamError',
      message: `5006: Error: ${message}`,
    });
    expect(ai).toMatchObject({ lastRequestHttpStatusCode: 400, lastRequestInternalStatusCode: 5006 });
    expect(ai.lastRequestId).toMatch(UUID);
  });
});

describe('other errors', () => {
  const TOKENS = { tokens: ['right-token', 'second'] };

  it.each([undefined, 'Bearer wrong', 'Bearer right-token2', 'bearer wrong', 'Basic dTp3cm9uZw=='])(
    'authorization %j is 401, code 10000',
    async (authorization) => {
      const { status, body, headers } = await served(TOKENS).post(RUN, TEA, authorization ? { authorization } : {});
      expect(status).toBe(401);
      expect(body).toEqual({
        result: null,
        success: false,
        errors: [{ code: 10000, message: 'Authentication error' }],
        messages: [],
      });
      expect(headers.get('cf-ai-req-id')).toBeNull();
      expect(headers.get('cf-ray')).toBeTruthy();
    },
  );

  it.each(['right-token', 'Bearer', 'Bearer a b', 'Token right-token', 'Bearer  ', 'Bearer "x"'])(
    'a malformed Authorization %j is 400, code 6003 with its chain',
    async (authorization) => {
      const { status, body } = await served(TOKENS).post(RUN, TEA, { authorization });
      expect(status).toBe(400);
      expect(body.errors).toEqual([
        {
          code: 6003,
          message: 'Invalid request headers',
          error_chain: [{ code: 6111, message: 'Invalid format for Authorization header' }],
        },
      ]);
    },
  );

  it.each(['Bearer right-token', 'Bearer second', `Basic ${Buffer.from('me:right-token').toString('base64')}`])(
    'passes with %s',
    async (authorization) => {
      expect((await served(TOKENS).post(RUN, TEA, { authorization })).status).toBe(200);
    },
  );

  it('a bad account id is 404, code 7003', async () => {
    const path = '/client/v4/accounts/nobody/ai/run/@cf/baai/bge-reranker-base';
    const { status, body } = await served().post(path, TEA);
    expect(status).toBe(404);
    expect(body.errors).toEqual([
      { code: 7003, message: `Could not route to ${path}, perhaps your object identifier is invalid?` },
    ]);
  });

  it.each([`/client/v4/accounts/${ACCOUNT}/ai/run/`, `/client/v4/accounts/${ACCOUNT}/ai/other`, '/client/v4/zones'])(
    'the unknown route %s is 400, code 7000',
    async (path) => {
      const { status, body } = await served().post(path, TEA);
      expect(status).toBe(400);
      expect(body.errors).toEqual([{ code: 7000, message: 'No route for that URI' }]);
    },
  );

  it('an unknown model is 400, code 5007, and reaches no model', async () => {
    const { post, reranker } = served();
    const { status, body, headers } = await post(RUN.replace(MODEL, '@cf/x/y'), TEA);
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ message: 'No such model @cf/x/y or task', code: 5007 }]);
    expect(headers.get('cf-ai-req-id')).toBeNull();
    expect(reranker.calls).toEqual([]);
    const ai = createAi({ model: reranker });
    await expect(ai.run('@cf/x/y', TEA)).rejects.toThrow('5007: No such model @cf/x/y or task');
    expect(ai.lastRequestId).toBeNull();
  });

  it.each(['GET', 'PUT', 'DELETE'])('%s is 405, code 10405', async (method) => {
    const { status, body } = await served().send(RUN, { method });
    expect(status).toBe(405);
    expect(body.errors).toEqual([{ code: 10405, message: 'Method not allowed for this authentication scheme' }]);
  });

  it.each([
    ['OVERLOADED', 429, 3040],
    ['CLOSED', 429, 3040],
    ['TIMEOUT', 408, 3007],
    ['ABORTED', 408, 3008],
    ['TOO_LONG', 400, 5006],
    ['INFERENCE_FAILED', 500, 8001],
  ] as const)('%s of the engine is %d, code %d', async (engineCode, expectedStatus, code) => {
    const { post, reranker } = served();
    reranker.failure = new RerankError(engineCode, 'Reason of the engine');
    const { status, body } = await post(RUN, TEA);
    expect([status, body.errors[0].code]).toEqual([expectedStatus, code]);
    const told = code === 3040 ? 'Capacity temporarily exceeded, please try again.' : undefined;
    if (told) expect(body.errors[0].message).toBe(told);
    if (code === 8001) expect(body.errors[0].message).not.toContain('Reason of the engine');
    await expect(createAi({ model: reranker }).run(MODEL, TEA)).rejects.toThrow(new RegExp(`^${code}: `));
  });

  it('too many contexts are 413, code 3006', async () => {
    const { status, body } = await served({ maxContexts: 2 }).post(RUN, TEA);
    expect([status, body.errors[0].code]).toEqual([413, 3006]);
  });

  it('answers nothing of it when the dialect is off', async () => {
    expect((await served({ dialects: ['tei'] }).post(RUN, TEA)).status).toBe(400);
    const { body } = await served({ dialects: ['tei'] }).post(RUN, TEA);
    expect(body.errors[0].code).toBe(7000);
  });
});
