import { RerankError } from './errors';

/** A request copied out of the caller's objects, each property read once. */
export interface CheckedInput {
  query: string;
  texts: string[];
  /** 1 to texts.length, or 0 for all. */
  topK: number;
}

export interface InputRules {
  /** What `top_k: null` means: all (this library), or a type mismatch (Workers AI). */
  nullTopK: 'all' | 'refuse';
}

const LIBRARY_RULES: InputRules = { nullTopK: 'all' };

// The messages are those of Workers AI for this model's schema, so that REST and binding can pass them on as they are.

/** The JSON Schema types of a value, as Workers AI's messages list them. */
function typesOf(value: unknown): string {
  if (value === null) return "'null'";
  if (typeof value === 'number') return Number.isInteger(value) ? "'number','integer'" : "'number'";
  if (!Array.isArray(value)) return `'${typeof value}'`;
  return holdsOnlyScalars(value) ? "'array','binary'" : "'array'";
}

/** Workers AI takes a list for "binary" when no item is other than number, string or, up to the first other, null. */
function holdsOnlyScalars(list: unknown[]): boolean {
  const other = list.find((item) => typeof item !== 'number' && typeof item !== 'string');
  return other === undefined || other === null;
}

function invalid(path: string, message: string): RerankError {
  return new RerankError('INVALID_INPUT', message, { path });
}

function typeMismatch(path: string, expected: string, value: unknown): RerankError {
  return invalid(path, `Type mismatch of '${path}', '${expected}' not in ${typesOf(value)}`);
}

function missing(path: string, required: string): RerankError {
  return invalid(path, `required properties at '${path === '' ? '/' : path}' are '${required}'`);
}

export function checkString(path: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw typeMismatch(path, 'string', value);
}

export function checkText(path: string, text: unknown): string {
  const value = checkString(path, text);
  if (value.length === 0) throw invalid(path, `Length of '${path}' must be >= 1 not met`);
  return value;
}

/** Answers 0 for "all". */
export function checkTopK(value: unknown, rules: InputRules): number {
  if (value === undefined || (value === null && rules.nullTopK === 'all')) return 0;
  if (!Number.isInteger(value)) throw typeMismatch('/top_k', 'integer', value);
  if ((value as number) < 1) throw invalid('/top_k', "'/top_k' must be >= 1");
  return value as number;
}

/** What is wrong with a list that holds something else than `{ text }`; `index` is the first such item. */
function badItem(contexts: unknown[], index: number, matched: number): RerankError {
  // No text at all counts as no contexts, as in Workers AI.
  if (matched === 0 && !holdsOnlyScalars(contexts)) return missing('', 'query,contexts');
  const item = contexts[index];
  const path = `/contexts/${index}`;
  return isObject(item) ? missing(path, 'text') : typeMismatch(path, 'object', item);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The texts, and the first item that has none. A bad text is reported before an absent one, as in Workers AI. */
function readTexts(contexts: unknown[]): { texts: string[]; bad: number } {
  const count = contexts.length;
  const texts: string[] = [];
  let bad = -1;
  const read = (i: number) => {
    const item = contexts[i];
    const text = isObject(item) ? item['text'] : undefined;
    if (typeof text === 'string' && text.length > 0) texts.push(text);
    else if (text !== undefined) checkText(`/contexts/${i}/text`, text);
    else if (bad < 0) bad = i;
    return text;
  };
  for (let i = 0; i < count; i++) {
    if (read(i) !== undefined || i in contexts) continue;
    // From a hole on only what is there: a sparse list may claim four billion items.
    for (const key of Object.keys(contexts)) if (Number(key) > i) read(Number(key));
    break;
  }
  return { texts, bad };
}

/**
 * Checks a rerank request in one pass, in the order of the schema (query, top_k, contexts, required), and copies it.
 * Throws a RerankError INVALID_INPUT whose `path` is a JSON pointer: '/query', '/contexts/0/text', '' for the whole.
 */
export function checkInput(input: unknown, rules: InputRules = LIBRARY_RULES): CheckedInput {
  if (!isObject(input)) throw missing('', 'query,contexts');
  const { query, top_k: givenTopK, contexts } = input;
  if (query !== undefined) checkText('/query', query);
  const topK = checkTopK(givenTopK, rules);
  if (typeof contexts === 'string') throw typeMismatch('/contexts', 'array', contexts);
  const list = Array.isArray(contexts) ? (contexts as unknown[]) : undefined;
  const { texts, bad } = list ? readTexts(list) : { texts: [], bad: -1 };
  if (query === undefined || !list) throw missing('', 'query,contexts');
  if (bad >= 0) throw badItem(list, bad, texts.length);
  return { query: query as string, texts, topK: Math.min(topK, texts.length) };
}
