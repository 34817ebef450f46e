import { env } from 'cloudflare:workers';
import { expect, it } from 'vitest';
it('ranks', async () => {
  const { response } = await env.AI.run('@cf/baai/bge-reranker-base', {
    query: 'tea?',
    contexts: [{ text: 'bus' }, { text: 'A cup of tea' }],
  });
  expect(response.map(({ id }) => id)).toEqual([1, 0]);
});
