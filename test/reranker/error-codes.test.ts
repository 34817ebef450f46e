import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RERANK_ERROR_CODES, RerankError } from '../../src/errors';

const ROOT = join(__dirname, '..', '..');
/** What goes wrong before there is an addon. */
const ONLY_IN_JS = ['ADDON_NOT_FOUND', 'DOWNLOAD_FAILED', 'MODEL_GATED', 'OFFLINE'];

function codesIn(file: string, pattern: RegExp): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(pattern)].map((match) => match[1]!).sort();
}

const all = [...RERANK_ERROR_CODES].sort();

it('the native core has the same codes, less those that only JavaScript raises', () => {
  const native = codesIn('native/base/error.cpp', /case ErrorCode::k\w+:\s*return "([A-Z_]+)";/g);
  expect([...native, ...ONLY_IN_JS].sort()).toEqual(all);
});

it('every enumerator of the native core has a name', () => {
  const header = readFileSync(join(ROOT, 'native/base/error.h'), 'utf8');
  const enumerators = /enum class ErrorCode \{([^}]*)\}/.exec(header)![1]!.match(/k\w+/g)!;
  const snake = enumerators.map((name) =>
    name
      .slice(1)
      .replace(/(?!^)[A-Z]/g, '_$&')
      .toUpperCase(),
  );
  expect([...snake, ...ONLY_IN_JS].sort()).toEqual(all);
});

it('the table in docs/api.md lists each code once', () => {
  const readme = readFileSync(join(ROOT, 'docs', 'api.md'), 'utf8');
  const section = /^## Errors$([\s\S]*?)^## /m.exec(readme)![1]!;
  expect([...section.matchAll(/^\| `([A-Z_]+)`/gm)].map((match) => match[1]!).sort()).toEqual(all);
});

it('an error has a stable name, code, path and cause', () => {
  const cause = new Error('below');
  const error = new RerankError('INVALID_INPUT', 'message', { path: '', cause });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: 'RerankError', code: 'INVALID_INPUT', path: '', message: 'message', cause });
  expect('cause' in new RerankError('CLOSED', 'message')).toBe(false);
});
