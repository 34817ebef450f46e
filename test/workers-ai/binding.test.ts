import { createAi, InferenceUpstreamError } from '../../src/workers-ai';
import { FakeReranker } from '../server/fake-reranker';

const MODEL = '@cf/baai/bge-reranker-base';
const TEA = { query: 'tea?', contexts: [{ text: 'no' }, { text: 'yes, please' }] };

function setUp() {
  const reranker = new FakeReranker();
  return { reranker, ai: createAi({ model: reranker }) };
}

it('resolves with exactly { response: [{ id, score }] }, and keeps the request’s id', async () => {
  const { ai } = setUp();
  expect(ai.lastRequestId).toBeNull();
  const answer = await ai.run(MODEL, TEA);
  expect(answer).toEqual({
    response: [
      { id: 1, score: 1 / (1 + Math.exp(-11)) },
      { id: 0, score: 1 / (1 + Math.exp(-2)) },
    ],
  });
  expect(ai.lastRequestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(ai).toMatchObject({
    lastRequestHttpStatusCode: 200,
    lastRequestInternalStatusCode: null,
    aiGatewayLogId: null,
  });
});

it('returnRawResponse gives the Response, for errors too', async () => {
  const { ai } = setUp();
  const good = await ai.run(MODEL, TEA, { returnRawResponse: true });
  expect(good.headers.get('content-type')).toBe('application/json');
  expect(good.headers.get('cf-ai-req-id')).toBe(ai.lastRequestId);
  expect(((await good.json()) as { response: unknown[] }).response).toHaveLength(2);
  const bad = await ai.run(MODEL, {} as never, { returnRawResponse: true });
  expect(bad.status).toBe(400);
  expect(await bad.json()).toEqual({
    internalCode: 5006,
    message: "Error: required properties at '/' are 'query,contexts'",
    name: 'InferenceUpstreamError',
    description: "Error: required properties at '/' are 'query,contexts'",
  });
});

it('signal: rejects with its reason, before and while it waits, and frees the passages', async () => {
  const { ai, reranker } = setUp();
  const reason = new Error('enough');
  await expect(ai.run(MODEL, TEA, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  reranker.held = true;
  const controller = new AbortController();
  const answer = ai.run(MODEL, TEA, { signal: controller.signal });
  const rejected = expect(answer).rejects.toBe(reason);
  while (reranker.waiting.size === 0) await new Promise((resolve) => setImmediate(resolve));
  controller.abort(reason);
  await rejected;
  expect(reranker.waiting.size).toBe(0);
});

it('rejectIfBusy refuses with 3040 when others wait, and only then', async () => {
  const { ai, reranker } = setUp();
  await expect(ai.run(MODEL, TEA, { rejectIfBusy: true })).resolves.toBeDefined();
  reranker.queuedPairs = 3;
  await expect(ai.run(MODEL, TEA)).resolves.toBeDefined();
  const refused = ai.run(MODEL, TEA, { rejectIfBusy: true });
  await expect(refused).rejects.toThrow('3040: Capacity temporarily exceeded, please try again.');
  await expect(refused).rejects.toBeInstanceOf(InferenceUpstreamError);
  expect(ai.lastRequestHttpStatusCode).toBe(429);
});

it('takes the real binding’s other options', async () => {
  const { ai } = setUp();
  const options = { gateway: { id: 'g' }, extraHeaders: { a: 'b' }, queueRequest: true, tags: ['t'] };
  await expect(ai.run(MODEL, TEA, options)).resolves.toBeDefined();
});

it('models() lists the ids that run() takes; the folder of the model is not among them', async () => {
  const { ai } = setUp();
  const ids = (await ai.models()).map(({ id }) => id);
  expect(ids).toEqual([MODEL, 'my-model']);
  for (const id of ids) await expect(ai.run(id, TEA)).resolves.toBeDefined();
});

it.each(['gateway', 'toMarkdown', 'websearch', 'autorag', 'aiSearch'] as const)(
  '%s() says what to use instead',
  (member) => {
    const { ai } = setUp();
    expect(() => ai[member]()).toThrow(new RegExp(`^env\\.AI\\.${member} is not part of bge-reranker; .+`));
  },
);

it('a model that cannot be loaded rejects with its RerankError, and the next call tries again', async () => {
  const ai = createAi({ model: '/no/such/folder' });
  for (let i = 0; i < 2; i++) {
    await expect(ai.run(MODEL, TEA)).rejects.toMatchObject({ name: 'RerankError', code: 'MODEL_NOT_FOUND' });
  }
  await ai.close();
});
