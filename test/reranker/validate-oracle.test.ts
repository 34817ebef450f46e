import { checkInput } from '../../src/validate';
import { cloudflareValidator } from '../support/cabidela';

const validator = cloudflareValidator();

function messageOf(check: () => unknown): string {
  try {
    check();
    return 'passes';
  } catch (error) {
    return (error as Error).message;
  }
}

const ABSENT = Symbol('absent');
const SCALARS = [
  null,
  true,
  0,
  7,
  -1,
  2.5,
  NaN,
  Infinity,
  1e20,
  '',
  'x',
  [],
  ['a'],
  [{}],
  [null, {}],
  {},
  { text: 'x' },
];
const ITEMS = [
  ...SCALARS,
  { text: '' },
  { text: 5 },
  { text: null },
  { text: ['a'] },
  { text: 'y', more: 1 },
  { other: 1 },
];

function lists(): unknown[][] {
  const pairs = ITEMS.flatMap((first) => ITEMS.map((second) => [first, second]));
  const triples = ITEMS.flatMap((item) => [
    [item, { text: 'a' }, { text: 'b' }],
    [{ text: 'a' }, { text: 'b' }, item],
  ]);
  return [[], ...ITEMS.map((item) => [item]), ...pairs, ...triples];
}

function inputs(): unknown[] {
  const queries = [ABSENT, 'q', ...SCALARS];
  const topKs = [ABSENT, 1, 3, ...SCALARS];
  const contexts = [ABSENT, ...SCALARS, ...lists()];
  const compact = [ABSENT, null, 5, 'x', {}, [], [{ text: 'a' }], [{ text: '' }], [{}]];
  const build = (query: unknown, top_k: unknown, list: unknown) =>
    Object.fromEntries(Object.entries({ query, top_k, contexts: list }).filter(([, value]) => value !== ABSENT));
  return [
    ...SCALARS,
    ...queries.flatMap((query) => topKs.flatMap((topK) => compact.map((list) => build(query, topK, list)))),
    ...[ABSENT, 'q', ''].flatMap((query) => contexts.map((list) => build(query, ABSENT, list))),
  ];
}

/**
 * Where we part from the oracle on purpose:
 * - 'object': it walks an object's values as a list's items, so that { a: { text } } passes. Ours must be a list.
 * - 'led by null': it does not look into a list whose first item that is neither number nor string is null.
 * - 'item without text': it lets a list pass when one item is { text }, or all are numbers and strings; what the live
 *   model does with such a list is not known. Ours names the item.
 */
function divergence(input: unknown): 'object' | 'led by null' | 'item without text' | undefined {
  const contexts = (input as { contexts?: unknown } | null)?.contexts;
  if (!Array.isArray(contexts)) return typeof contexts === 'object' && contexts !== null ? 'object' : undefined;
  if (contexts.find((item) => typeof item !== 'number' && typeof item !== 'string') === null) return 'led by null';
  const isContext = (item: unknown) => typeof (item as { text?: unknown } | null)?.text === 'string';
  return contexts.every(isContext) ? undefined : 'item without text';
}

it('says what Workers AI’s validator says', () => {
  const wrong: unknown[] = [];
  const all = inputs();
  for (const input of all) {
    const expected = validator(input);
    const got = messageOf(() => checkInput(input, { nullTopK: 'refuse' }));
    const parted = divergence(input);
    const allowed = parted === 'led by null' || (parted !== undefined && expected === 'passes');
    if (got !== expected && !allowed) wrong.push({ input, expected, got });
  }
  expect(wrong).toEqual([]);
  expect(all.length).toBeGreaterThan(4000);
});

it('never takes what the validator refuses', () => {
  const taken = inputs().filter((input) => messageOf(() => checkInput(input, { nullTopK: 'refuse' })) === 'passes');
  for (const input of taken) expect(validator(input)).toBe('passes');
});

it('names the item where it parts from the validator over a list', () => {
  const parted = inputs().filter((input) => {
    const lists = divergence(input) === 'item without text' || divergence(input) === 'led by null';
    return lists && validator(input) === 'passes';
  });
  expect(parted.length).toBeGreaterThan(100);
  for (const input of parted) expect(messageOf(() => checkInput(input))).toMatch(/'\/contexts\/\d+(\/text)?'/);
});
