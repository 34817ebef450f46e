/* global test, expect */
import rerank from './rerank.cjs';

test('the right passage is first', async () => {
  expect(await rerank(process.env.MODEL)).toBe('1,0');
});
