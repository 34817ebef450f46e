// The packed package, installed and used in each runtime.
import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { getTestModel } from '../../scripts/models/get-test-model.mjs';
import { inProject, install, packed, project } from './support/project.mjs';
import { runtimeModel } from './support/runtime-model.mjs';
import { RUNTIMES } from './support/runtimes.mjs';
import { tinyModel } from './support/tiny-model.mjs';

const program = (folder) => `
  const reranker = await Reranker.load(${JSON.stringify(folder)});
  const { response } = await reranker.rerank({
    query: 'Why is the sky blue?',
    contexts: [{ text: 'Paint the wall in a light blue.' }, { text: 'Air scatters blue light more than red light.' }],
  });
  await reranker.close();
  console.log(JSON.stringify(response.map(({ id }) => id)));`;

const runtimeProgram = (folder) => `
  const { Reranker } = require('bge-reranker');
  Reranker.load(${JSON.stringify(folder)}).then(async (reranker) => {
    console.log(reranker.info.runtime?.library ?? reranker.info.engine.name);
    await reranker.close();
  }, (error) => console.log(error.code + ': ' + error.message));`;

/** Bytes of all files below a folder. */
const bytesBelow = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0);

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
    const { package: addon, runtimePackage } = packed.target;
    assert.deepEqual(ours, ['bge-reranker', addon, ...(packed.runtime ? [runtimePackage] : [])]);
    assert.ok(!existsSync(path.join(project, 'node_modules', 'bge-reranker', 'binding.gyp')));
  });

  test('nothing in the tree has an install script', () => {
    const { packages } = JSON.parse(readFileSync(path.join(project, 'package-lock.json'), 'utf8'));
    const withScripts = Object.entries(packages).filter(([, entry]) => entry.hasInstallScript);
    assert.deepEqual(withScripts, []);
  });

  test('at most 60 MB on disk', (t) => {
    const bytes = bytesBelow(path.join(project, 'node_modules'));
    t.diagnostic(`${(bytes / 1e6).toFixed(1)} MB`);
    assert.ok(bytes <= 60e6);
  });

  test('ONNX Runtime is that of our own package', async () => {
    const { stdout } = await inProject([process.execPath, '-e', runtimeProgram(await runtimeModel())]);
    const own = path.join(project, 'node_modules', packed.target.runtimePackage);
    assert.equal(path.dirname(stdout.trim()), path.join(own, 'lib'));
  });

  test('without ONNX Runtime: at most 25 MB, our own kernels run, what needs it says what to install', async (t) => {
    const { package: addon, runtimePackage } = packed.target;
    const folder = await install('--omit=optional', 'bge-reranker', addon);
    const ours = readdirSync(path.join(folder, 'node_modules')).filter((name) => name.startsWith('bge-reranker'));
    assert.deepEqual(ours, ['bge-reranker', addon]);
    const bytes = bytesBelow(path.join(folder, 'node_modules'));
    t.diagnostic(`${(bytes / 1e6).toFixed(1)} MB`);
    assert.ok(bytes <= 25e6);
    const used = async (model) => inProject([process.execPath, '-e', runtimeProgram(model)], {}, folder);
    assert.equal((await used(await tinyModel(path.join(folder, 'tiny')))).stdout, 'builtin\n');
    const { stdout } = await used(await runtimeModel());
    assert.match(stdout, new RegExp(`^RUNTIME_NOT_FOUND: .*install the optional dependency ${runtimePackage}`));
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
