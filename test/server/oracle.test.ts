import { cloudflareValidator } from '../support/cabidela';
import { RUN, served } from './http';

const CONTEXTS: unknown[] = [
  undefined,
  null,
  5,
  'x',
  true,
  {},
  [],
  [{}],
  [{ text: 'a' }],
  [{ text: 'a' }, { text: 'b', more: [1] }],
  [{ text: '' }],
  [{ text: 'a' }, { text: '' }],
  [{ text: 5 }],
  [{ text: null }],
  [{ text: ['a'] }],
  [{ text: {} }],
  [{ other: 1 }],
];
const QUERIES = [undefined, null, 0, 1.5, false, '', 'q', '日本', [], ['q'], {}, { text: 'q' }];
const TOP_KS = [undefined, null, 0, 1, -1, 2.5, 99, 1e20, '3', '', true, [], [1], {}];

function inputs(): unknown[] {
  const bodies = QUERIES.flatMap((query) =>
    TOP_KS.flatMap((top_k) => CONTEXTS.map((contexts) => ({ query, top_k, contexts }))),
  );
  return [null, 5, 'x', true, [], [1], {}, { text: 'This pizza is great!' }, ...bodies];
}

it('the REST API says what Workers AI’s validator says, over generated bodies', async () => {
  const validator = cloudflareValidator();
  const { post } = served();
  const all = inputs();
  const wrong: unknown[] = [];
  for (const input of all) {
    const sent = JSON.stringify(input);
    const expected = validator(JSON.parse(sent));
    const { status, body } = await post(RUN, sent);
    const told: string = status === 200 ? 'passes' : body.errors[0].message;
    const message = /^AiError: Bad input: Error: (.*) \([0-9a-f-]{36}\)$/.exec(told)?.[1] ?? told;
    if (message !== expected) wrong.push({ sent, expected, message });
  }
  // Each input here is one on which the two must agree; where we part on purpose stands in test/reranker/validate-oracle.
  expect(wrong).toEqual([]);
  expect(all.length).toBeGreaterThan(2000);
});
