import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import ts from 'typescript';

const USERS = join(__dirname, 'users');
const NAMES = ['RERANK_CHANNEL', 'RERANK_ERROR_CODES', 'RerankError', 'Reranker', 'rerank'];

it('the built declarations compile for ESM and CommonJS users, and wrong uses do not', () => {
  const config = ts.getParsedCommandLineOfConfigFile(join(USERS, 'tsconfig.json'), undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
    },
  })!;
  expect(config.fileNames).toHaveLength(2);
  const program = ts.createProgram(config.fileNames, config.options);
  const found = ts.getPreEmitDiagnostics(program).map(({ file, messageText, start = 0 }) => {
    const line = file ? `${file.fileName}:${file.getLineAndCharacterOfPosition(start).line + 1}` : '';
    return `${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
  expect(found).toEqual([]);
});

// In a process of its own: jest resolves and transforms modules in its own way.
const run = (...args: string[]): string =>
  execFileSync(process.execPath, args, { cwd: __dirname, encoding: 'utf8' }).trim();

it('`import` by name and `require` give the same values', () => {
  const printed = 'console.log(Object.keys(names).sort().join())';
  const esm = `import { rerank, Reranker, RerankError, RERANK_CHANNEL, RERANK_ERROR_CODES } from 'bge-reranker';
    const names = { rerank, Reranker, RerankError, RERANK_CHANNEL, RERANK_ERROR_CODES };`;
  expect(run('--input-type=module', '-e', `${esm} ${printed}`)).toBe(NAMES.join());
  expect(run('--input-type=commonjs', '-e', `const names = require('bge-reranker'); ${printed}`)).toBe(NAMES.join());
});

it('`await using` finds its method at run time', () => {
  const program = `const { Reranker } = require('bge-reranker');
    console.log(typeof Reranker.prototype[Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]);`;
  expect(run('--input-type=commonjs', '-e', program)).toBe('function');
});
