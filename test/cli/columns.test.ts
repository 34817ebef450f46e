import { columnsOf, cutColumns, padColumns } from '../../src/cli/columns';

it.each([
  ['plain', 5],
  ['日本語', 6],
  ['👩‍👩‍👧‍👦', 2],
  ['e\u0301', 1],
])('%s takes %d cells', (text, cells) => {
  expect(columnsOf(text)).toBe(cells);
  expect(columnsOf(padColumns(text, 10))).toBe(10);
  expect(cutColumns(text, cells)).toBe(text);
});

it.each([
  ['日本語のテキスト', 8, '日本語…'],
  ['日本語のテキスト', 7, '日本語…'],
  ['plain text', 6, 'plain…'],
  ['a👩‍👩‍👧‍👦b👩‍👩‍👧‍👦c', 4, 'a👩‍👩‍👧‍👦…'],
])('%s in %d cells is %s', (text, width, expected) => {
  expect(cutColumns(text, width)).toBe(expected);
  expect(columnsOf(cutColumns(text, width))).toBeLessThanOrEqual(width);
});
