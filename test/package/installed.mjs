// The packed package, installed and used in each runtime.
import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { getTestModel } from '../../scripts/get-test-model.mjs';
import { inProject, packed, project } from './support/project.mjs';
import { RUNTIMES } from './support/runtimes.mjs';

const program = (folder) => `
  const reranker = await Reranker.load(${JSON.stringify(folder)});
  const { response } = await reranker.rerank({
    query: 'Why is the sky blue?',
    contexts: [{ text: 'Paint the wall in a light blue.' }, { text: 'Air scatters blue light more than red light.' }],
  });
  await reranker.close();
  console.log(JSON.stringify(response.map(({ id }) => id)));`;

/** The reason why an onnxruntime-node without the CUDA files cannot: found out in a child process of the runtime. */
const cudaProgram = (folder) => `
  import { Reranker } from 'bge-reranker';
  const options = { executionProviders: ['cuda', 'cpu'] };
  const reranker = await Reranker.load(${JSON.stringify(folder)}, options);
  console.log(reranker.info.provider.reason);
  await reranker.close();`;

describe('installed', () => {
  test('of the platform packages only this one', () => {
    const ours = readdirSync(path.join(project, 'node_modules')).filter((name) => name.startsWith('bge-reranker'));
    assert.deepEqual(ours, ['bge-reranker', packed.target.package]);
    assert.ok(!existsSync(path.join(project, 'node_modules', 'bge-reranker', 'binding.gyp')));
  });

  for (const [name, source] of [
    ['quick.mjs', (model) => `import { Reranker } from 'bge-reranker';${program(model)}`],
    ['quick.cjs', (model) => `const { Reranker } = require('bge-reranker');(async () => {${program(model)}})();`],
  ]) {
    test(`${name}: the quick start's answer`, async (t) => {
      writeFileSync(path.join(project, name), source(await getTestModel()));
      const started = performance.now();
      const { stdout, stderr } = await inProject([process.execPath, name]);
      t.diagnostic(`${(performance.now() - started).toFixed(0)} ms`);
      assert.deepEqual({ stdout, stderr }, { stdout: '[1,0]\n', stderr: '' });
    });
  }

  for (const [name, command] of RUNTIMES) {
    test(`in ${name}`, async () => {
      const { stdout } = await inProject([...command, 'quick.mjs']);
      assert.equal(stdout, '[1,0]\n');
    });

    test(`CUDA is tried in a process of its own, in ${name}`, async () => {
      writeFileSync(path.join(project, 'cuda.mjs'), cudaProgram(await getTestModel()));
      const { stdout } = await inProject([...command, 'cuda.mjs']);
      assert.match(stdout, /^cuda cannot be used: this ONNX Runtime has no CUDA provider; set ONNXRUNTIME_LIBRARY/);
    });
  }

  test('without the platform package: one sentence that names it', async () => {
    const place = path.join(project, 'node_modules', packed.target.package);
    const aside = path.join(packed.scratch, 'aside');
    cpSync(place, aside, { recursive: true });
    rmSync(place, { recursive: true });
    try {
      const failure = await inProject([process.execPath, 'quick.mjs']).catch((error) => error);
      assert.match(
        failure.stderr,
        new RegExp(`RerankError: .*${packed.target.package} is not installed; install again`),
      );
    } finally {
      cpSync(aside, place, { recursive: true });
    }
  });
});
