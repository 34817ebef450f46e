import { RerankError } from '../../src/errors';
import { checkInput, type InputRules } from '../../src/validate';

const A = [{ text: 'a' }];
const REQUIRED = "required properties at '/' are 'query,contexts'";

/** [message, path] of the refusal, or the checked input. */
function outcome(input: unknown, rules?: InputRules): unknown {
  try {
    return checkInput(input, rules);
  } catch (error) {
    expect(error).toBeInstanceOf(RerankError);
    const { code, message, path } = error as RerankError;
    expect(code).toBe('INVALID_INPUT');
    return [message, path];
  }
}

describe('a list that claims more than it holds', () => {
  const claims = (items: Record<number, unknown>, length = 2 ** 32 - 1) => Object.assign([], { length }, items);

  it.each([
    [{}, "Type mismatch of '/contexts/0', 'object' not in 'undefined'", '/contexts/0'],
    [{ 0: A[0] }, "Type mismatch of '/contexts/1', 'object' not in 'undefined'", '/contexts/1'],
    [{ 0: A[0], 9: { text: '' } }, "Length of '/contexts/9/text' must be >= 1 not met", '/contexts/9/text'],
    [{ 3: { text: 5 } }, "Type mismatch of '/contexts/3/text', 'string' not in 'number','integer'", '/contexts/3/text'],
  ])('%j is refused at once, in the words for a short list', (items, message, path) => {
    const refused = outcome({ query: 'q', contexts: claims(items) });
    expect(refused).toEqual(outcome({ query: 'q', contexts: claims(items, 12) }));
    if (Object.keys(items).length > 0) expect(refused).toEqual([message, path]);
  });
});

describe('rows of the contract', () => {
  it.each([
    [{}, REQUIRED, ''],
    [{ contexts: A }, REQUIRED, ''],
    [{ query: 'q' }, REQUIRED, ''],
    [{ text: 'This pizza is great!' }, REQUIRED, ''],
    [[], REQUIRED, ''],
    ['text', REQUIRED, ''],
    [null, REQUIRED, ''],
    [undefined, REQUIRED, ''],
    [{ query: 'q', contexts: null }, REQUIRED, ''],
    [{ query: 'q', contexts: {} }, REQUIRED, ''],
    [{ query: 'q', contexts: [{}] }, REQUIRED, ''],
    [{ query: '', contexts: A }, "Length of '/query' must be >= 1 not met", '/query'],
    [{ query: 'q', contexts: [{ text: '' }] }, "Length of '/contexts/0/text' must be >= 1 not met", '/contexts/0/text'],
    [{ query: 1, contexts: A }, "Type mismatch of '/query', 'string' not in 'number','integer'", '/query'],
    [{ query: null, contexts: A }, "Type mismatch of '/query', 'string' not in 'null'", '/query'],
    [
      { query: 'q', contexts: [...A, { text: 5 }] },
      "Type mismatch of '/contexts/1/text', 'string' not in 'number','integer'",
      '/contexts/1/text',
    ],
    [{ query: 'q', contexts: 'x' }, "Type mismatch of '/contexts', 'array' not in 'string'", '/contexts'],
    [{ query: 'q', contexts: A, top_k: 0 }, "'/top_k' must be >= 1", '/top_k'],
    [{ query: 'q', contexts: A, top_k: -1 }, "'/top_k' must be >= 1", '/top_k'],
    [{ query: 'q', contexts: A, top_k: 2.5 }, "Type mismatch of '/top_k', 'integer' not in 'number'", '/top_k'],
    [{ query: 'q', contexts: A, top_k: '3' }, "Type mismatch of '/top_k', 'integer' not in 'string'", '/top_k'],
  ])('%j', (input, message, path) => {
    expect(outcome(input)).toEqual([message, path]);
  });

  it('top_k null means all, and is a type mismatch where asked for', () => {
    const input = { query: 'q', contexts: A, top_k: null };
    expect(outcome(input)).toMatchObject({ topK: 0 });
    expect(outcome(input, { nullTopK: 'refuse' })).toEqual([
      "Type mismatch of '/top_k', 'integer' not in 'null'",
      '/top_k',
    ]);
  });

  it('top_k beyond n clamps; other fields are ignored; an empty list passes', () => {
    expect(outcome({ query: 'q', contexts: A, top_k: 9, x: 1 })).toEqual({ query: 'q', texts: ['a'], topK: 1 });
    expect(outcome({ query: 'q', contexts: [], top_k: 9 })).toEqual({ query: 'q', texts: [], topK: 0 });
  });
});

describe('list items that are not { text }', () => {
  it.each([
    [['a'], "Type mismatch of '/contexts/0', 'object' not in 'string'", '/contexts/0'],
    [[5], "Type mismatch of '/contexts/0', 'object' not in 'number','integer'", '/contexts/0'],
    [[null], "Type mismatch of '/contexts/0', 'object' not in 'null'", '/contexts/0'],
    [[...A, null], "Type mismatch of '/contexts/1', 'object' not in 'null'", '/contexts/1'],
    [[...A, [1]], "Type mismatch of '/contexts/1', 'object' not in 'array','binary'", '/contexts/1'],
    [[...A, { other: 1 }, 'x'], "required properties at '/contexts/1' are 'text'", '/contexts/1'],
    [new Array(1), "Type mismatch of '/contexts/0', 'object' not in 'undefined'", '/contexts/0'],
  ])('%j', (contexts, message, path) => {
    expect(outcome({ query: 'q', contexts })).toEqual([message, path]);
  });
});

it('counts UTF-16 code units: a lone surrogate, NUL and a space are text', () => {
  const texts = ['\ud800', '\0', ' '];
  expect(outcome({ query: '\udc00', contexts: texts.map((text) => ({ text })) })).toMatchObject({ texts });
});

it('passes the error of a throwing getter on', () => {
  const input = {
    get query(): string {
      throw new TypeError('mine');
    },
  };
  expect(() => checkInput(input)).toThrow(TypeError);
});
