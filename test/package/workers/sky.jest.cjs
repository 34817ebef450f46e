/* global test, expect */
const rerank = require('./rerank.cjs');

test('the right passage is first', async () => {
  expect(await rerank(process.env.MODEL)).toBe('1,0');
});
