// What is scored: each case turns the data set into requests whose pairs have the lengths that the case is about.
import { cranfield } from './cranfield.mjs';
import { long } from './long.mjs';
import { mixed } from './mixed.mjs';
import { short } from './short.mjs';

export const CASES = [cranfield, short, long, mixed];
export const CASE_NAMES = CASES.map((entry) => entry.name);

/** @param {(query: string, text: string) => Promise<number>} tokensOf Tokens of a pair, special tokens included. */
export async function buildCase(name, dataset, tokensOf, requests) {
  const entry = CASES.find((one) => one.name === name);
  if (!entry) throw new Error(`--cases: expected one of ${CASE_NAMES.join(', ')}, received ${name}`);
  return entry.build(dataset, tokensOf, requests);
}
