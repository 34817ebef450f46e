// The packed addon in processes that use it in worker threads only: Node closes it with the thread's environment, and
// the process has to end well all the same.
import assert from 'node:assert/strict';
import { cpSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { getTestModel } from '../../scripts/models/get-test-model.mjs';
import { installed } from './support/install.mjs';
import { ROOT } from './support/packed.mjs';
import { inProject, project, put } from './support/project.mjs';
import { NODES } from './support/runtimes.mjs';

const tools = installed('tools');
const VITEST = [
  path.join(tools, 'vitest', 'vitest.mjs'),
  'run',
  '--root',
  'workers',
  '--globals',
  '--no-cache',
  '--testTimeout=300000',
];
const JEST = [
  path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'),
  '--rootDir',
  'workers',
  '--no-cache',
  '--testTimeout=300000',
];
const TESTED = { MODEL: await getTestModel(), CI: 'true' };

/** Arguments for Node of each way into a worker thread; a test runner says by its exit code that all went well. */
const WAYS = {
  'Vitest, threads': { args: [...VITEST, '--pool=threads', 'sky'] },
  'Vitest, vmThreads': { args: [...VITEST, '--pool=vmThreads', 'sky'] },
  'Jest, --workerThreads': {
    args: [...JEST, '--workerThreads', '--maxWorkers=2', '--testRegex', '\\.jest\\.cjs$'],
  },
  Piscina: { args: ['workers/pool.cjs', TESTED.MODEL], answer: '1,0 1,0 1,0 1,0\n' },
  'a worker': { args: ['workers/plain.cjs', 'once', TESTED.MODEL], answer: '1,0\n' },
  'a worker that loads three times': { args: ['workers/plain.cjs', 'loads', TESTED.MODEL], answer: '1,0 1,0 1,0\n' },
  'a worker after another': { args: ['workers/plain.cjs', 'turns', TESTED.MODEL], answer: '1,0 1,0\n' },
  'a worker that is terminated': { args: ['workers/plain.cjs', 'terminated', TESTED.MODEL], answer: '1,0\n' },
};

describe('used in worker threads only', () => {
  before(() => {
    const workers = put('workers');
    // Jest runs a single file in its own thread.
    cpSync(path.join(workers, 'sky.jest.cjs'), path.join(workers, 'sea.jest.cjs'));
    symlinkSync(path.join(tools, 'piscina'), path.join(project, 'node_modules', 'piscina'), 'junction');
  });

  for (const [node, command] of NODES) {
    for (const [way, { args, answer }] of Object.entries(WAYS)) {
      test(`${way}, in ${node}`, async () => {
        const ended = await inProject([...command, ...args], TESTED).catch((failure) => failure);
        const { code = 0, signal = null } = ended;
        assert.deepEqual({ code, signal }, { code: 0, signal: null }, `${ended.stdout}${ended.stderr}`);
        if (answer) assert.equal(ended.stdout, answer);
      });
    }
  }
});
