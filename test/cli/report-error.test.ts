import { stripVTControlCharacters } from 'node:util';
import { reportError } from '../../src/cli/report-error';
import { RerankError } from '../../src/errors';

it.each<[string, Error, string]>([
  [
    'a place in the input',
    new RerankError('INVALID_INPUT', 'The text is empty', { path: '/contexts/3/text' }),
    '(INVALID_INPUT, /contexts/3/text)',
  ],
  [
    'a path that the message names',
    new RerankError('MODEL_INVALID', '/m/config.json is not JSON', { path: '/m/config.json' }),
    '(MODEL_INVALID)',
  ],
  ['no path', new RerankError('CLOSED', 'It is closed'), '(CLOSED)'],
  ['the whole input', new RerankError('INVALID_INPUT', 'All of it is wrong', { path: '' }), '(INVALID_INPUT)'],
  ['an error without a code', new Error('Disk on fire'), ''],
])('tells %s with what its message does not say', (_, error, ending) => {
  const written: string[] = [];
  const write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  try {
    reportError(error, false);
  } finally {
    write.mockRestore();
  }
  // CI services get colours.
  const plain = stripVTControlCharacters(written.join(''));
  expect(plain).toBe(`bge-reranker: ${error.message}${ending && ` ${ending}`}\n`);
});
