import { reportError } from '../../src/cli/report-error';
import { RerankError } from '../../src/errors';

it.each([
  [
    new RerankError('INVALID_INPUT', 'The text is empty', { path: '/contexts/3/text' }),
    '(INVALID_INPUT, /contexts/3/text)',
  ],
  [new RerankError('MODEL_INVALID', '/m/config.json is not JSON', { path: '/m/config.json' }), '(MODEL_INVALID)'],
  [new RerankError('CLOSED', 'It is closed'), '(CLOSED)'],
  [new RerankError('INVALID_INPUT', 'All of it is wrong', { path: '' }), '(INVALID_INPUT)'],
  [new Error('Disk on fire'), ''],
])('%s is told with its code and, unless its message names it, its path', (error, ending) => {
  const written: string[] = [];
  const write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  try {
    reportError(error, false);
  } finally {
    write.mockRestore();
  }
  expect(written.join('')).toBe(`bge-reranker: ${error.message}${ending && ` ${ending}`}\n`);
});
