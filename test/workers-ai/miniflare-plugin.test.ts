import { miniflareAi, plugins } from '../../src/workers-ai';
import { FakeReranker } from '../server/fake-reranker';

const plugin = plugins['bge-reranker'];
const MODEL = '/no/such/model';

// The two ways in which Miniflare hands a Worker's bindings to a plugin; real Miniflare 4 is in test/clients.
const VERSION_4 = [
  { name: 'AI', type: 'ai', plugin: { package: 'p', name: 'bge-reranker' }, options: { model: MODEL } },
];
const VERSION_5 = {
  config: {
    env: {
      OTHER: { type: 'text', value: 'x' },
      AI: { type: 'unsafe:ai', dev: { plugin: { package: 'p', name: 'bge-reranker' }, options: { model: MODEL } } },
      ELSE: { type: 'unsafe:ai', dev: { plugin: { package: 'q', name: 'q' }, options: {} } },
    },
  },
};

it.each([
  ['4', VERSION_4],
  ['5', VERSION_5],
])('Miniflare %s: workerd’s own module over a service of this process', async (_, given) => {
  const bindings = await plugin.getBindings(given as never);
  expect(bindings).toEqual([
    {
      name: 'AI',
      wrapped: {
        moduleName: 'cloudflare-internal:ai-api',
        innerBindings: [{ name: 'fetcher', service: { name: 'bge-reranker:AI' } }],
      },
    },
  ]);
  const [service, ...others] = await plugin.getServices({ options: given as never });
  expect(others).toEqual([]);
  expect(service).toMatchObject({
    name: 'bge-reranker:AI',
    external: { address: expect.stringMatching(/^127\.0\.0\.1:/) },
  });
  const again = await plugin.getServices({ options: given as never });
  expect(again[0]!.external.address).toBe(service!.external.address);
});

it.each([[undefined], [[]], [{}], [{ config: {} }]])(
  'a Worker without the binding (%j) gets nothing',
  async (given) => {
    expect(await plugin.getBindings(given as never)).toEqual([]);
    expect(await plugin.getServices({ options: given })).toEqual([]);
  },
);

it('the service answers workerd only, and tells the developer why a model cannot be loaded', async () => {
  const [service] = await plugin.getServices({ options: VERSION_4 });
  const { address, http } = service!.external;
  const ask = (headers: Record<string, string>) =>
    fetch(`http://${address}/run?version=3`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'cf-consn-model-id': '@cf/baai/bge-reranker-base', ...headers },
      body: JSON.stringify({ inputs: {}, options: {} }),
    });
  expect((await ask({})).status).toBe(401);
  expect((await ask({ authorization: 'Bearer x' })).status).toBe(401);
  const [{ name, value }] = http.injectRequestHeaders as [{ name: string; value: string }];
  const answer = await ask({ [name]: value });
  expect(answer.status).toBe(500);
  expect(await answer.json()).toMatchObject({ internalCode: 8001, description: expect.stringContaining(MODEL) });
});

it('a loaded Reranker is found again by the name that goes through the options', async () => {
  const { unsafeBindings } = miniflareAi({ model: new FakeReranker(), binding: 'RERANK' });
  const given = JSON.parse(JSON.stringify(unsafeBindings)) as typeof unsafeBindings;
  const [service] = await plugin.getServices({ options: given });
  const { address, http } = service!.external;
  const answer = await fetch(`http://${address}/run?version=3`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'cf-consn-model-id': 'my-model',
      authorization: http.injectRequestHeaders[0]!.value,
    },
    body: JSON.stringify({ inputs: { query: 'q', contexts: [{ text: 'a' }] } }),
  });
  expect(await answer.json()).toMatchObject({ response: [{ id: 0 }] });
});

it('options without a model say what is missing', async () => {
  const [binding] = VERSION_4;
  await expect(plugin.getServices({ options: [{ ...binding!, options: {} }] })).rejects.toThrow(
    'needs dev.options.model',
  );
});
