// The packages as a user gets them: packed, installed without scripts from a registry that knows nothing else, on a
// PATH without a compiler, and used.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { getTestModel } from '../../scripts/get-test-model.mjs';
import { binaryFaults } from '../../scripts/prebuild/check-binary.mjs';
import { hostTarget } from '../../scripts/prebuild/prebuild.mjs';
import { targetNamed } from '../../scripts/prebuild/targets.mjs';
import { packEverything, ROOT } from './packed.mjs';
import { startRegistry } from './registry.mjs';
import { installRuntimes, runtimesFor } from './runtimes.mjs';

const run = promisify(execFile);
const bin = (name) => path.join(ROOT, 'node_modules', '.bin', name);

let packed;
let registry;
let project;
let environment;

/** A PATH with node, npm and a shell, and nothing of this user's settings. */
function bareEnvironment(scratch) {
  const tools = path.join(scratch, 'bin');
  mkdirSync(tools);
  for (const [name, file] of [
    ['node', process.execPath],
    ['npm', execFileSync('which', ['npm'], { encoding: 'utf8' }).trim()],
    ['sh', '/bin/sh'],
    ['env', '/usr/bin/env'],
  ]) {
    symlinkSync(file, path.join(tools, name));
  }
  return { PATH: tools, HOME: scratch };
}

/** The reason why an onnxruntime-node without the CUDA files cannot: found out in a child process of the runtime. */
const cudaProgram = (folder) => `
  import { Reranker } from 'bge-reranker';
  const options = { executionProviders: ['cuda', 'cpu'] };
  const reranker = await Reranker.load(${JSON.stringify(folder)}, options);
  console.log(reranker.info.provider.reason);
  await reranker.close();`;

/** The folder of the library in an onnxruntime-node below `folder`. */
const runtimeIn = (folder) =>
  path.join(folder, 'node_modules/onnxruntime-node/bin/napi-v6', process.platform, process.arch);

const OLDER = '1.22.0';

/** A folder with an older onnxruntime-node in its node_modules, from the registry that npm is set to. */
async function installOlder() {
  const folder = mkdtempSync(path.join(packed.scratch, 'older-'));
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...options, `onnxruntime-node@${OLDER}`], { cwd: folder });
  return folder;
}

const program = (folder) => `
  const reranker = await Reranker.load(${JSON.stringify(folder)});
  const { response } = await reranker.rerank({
    query: 'Why is the sky blue?',
    contexts: [{ text: 'Paint the wall in a light blue.' }, { text: 'Air scatters blue light more than red light.' }],
  });
  await reranker.close();
  console.log(JSON.stringify(response.map(({ id }) => id)));`;

before(async () => {
  if (runtimesFor(hostTarget()).length > 0) installRuntimes();
  packed = await packEverything();
  registry = await startRegistry(packed.known);
  project = mkdtempSync(path.join(packed.scratch, 'project-'));
  environment = bareEnvironment(packed.scratch);
  writeFileSync(path.join(project, 'package.json'), '{ "private": true }');
  const settings = ['--ignore-scripts', '--no-audit', '--no-fund', '--registry', registry.url];
  await run('npm', ['install', ...settings, 'bge-reranker'], { cwd: project, env: environment });
});
after(async () => {
  await registry?.close();
  if (packed) rmSync(packed.scratch, { recursive: true, force: true });
});

test('a binary that breaks the promises is refused, and why is said', () => {
  const theirs = path.join(ROOT, 'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node');
  const said = binaryFaults(theirs, targetNamed('linux-arm64')).join('; ');
  for (const fault of [/not built for arm64/, /not stripped/, /needs libonnxruntime/, /exports _Z/, /takes _Z/]) {
    assert.match(said, fault);
  }
  assert.deepEqual(binaryFaults(theirs, targetNamed('win32-x64')), ['is not a PE file']);
});

describe('tarballs', () => {
  const paths = ({ files }) => files.map((file) => file.path).sort();

  test('bge-reranker holds JavaScript, declarations and documents only', (t) => {
    const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'THIRD_PARTY_NOTICES.md', 'package.json'];
    const built = /^dist\/(.+\.(js|d\.ts|json)|server\/pages\/.+\.(html|css))$/;
    const others = paths(packed.main).filter((file) => !built.test(file));
    assert.deepEqual(others, documents);
    t.diagnostic(`${packed.main.filename}: ${packed.main.size} bytes`);
  });

  test("the platform's package holds one addon", (t) => {
    const { platform, arch } = packed.target;
    const documents = ['LICENSE', 'README.md', 'THIRD_PARTY_NOTICES.md', 'package.json'];
    assert.deepEqual(paths(packed.addon), [...documents, `prebuilds/${platform}-${arch}/bge-reranker.node`]);
    t.diagnostic(`${packed.addon.filename}: ${packed.addon.size} bytes`);
  });

  test('both together are below 5 MB', () => assert.ok(packed.main.size + packed.addon.size < 5e6));

  test('publint and arethetypeswrong have nothing to say', async () => {
    await run(bin('publint'), ['run', packed.main.path, '--strict']);
    // Node 20 and later resolve by `exports`; what ignores them (TypeScript's node10) finds the main entry only.
    await run(bin('attw'), [packed.main.path, '--profile', 'node16']);
  });
});

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
      const { stdout, stderr } = await run(process.execPath, [name], { cwd: project, env: environment });
      t.diagnostic(`${(performance.now() - started).toFixed(0)} ms`);
      assert.deepEqual({ stdout, stderr }, { stdout: '[1,0]\n', stderr: '' });
    });
  }

  for (const [name, [command, ...args]] of runtimesFor(hostTarget())) {
    test(`in ${name}`, async () => {
      const options = { cwd: project, env: environment };
      const { stdout } = await run(command, [...args, 'quick.mjs'], options);
      assert.equal(stdout, '[1,0]\n');
    });
  }

  for (const [name, [command, ...args]] of [['Node', [process.execPath]], ...runtimesFor(hostTarget())]) {
    test(`CUDA is tried in a process of its own, in ${name}`, async () => {
      writeFileSync(path.join(project, 'cuda.mjs'), cudaProgram(await getTestModel()));
      const { stdout } = await run(command, [...args, 'cuda.mjs'], { cwd: project, env: environment });
      assert.match(stdout, /^cuda cannot be used: this ONNX Runtime has no CUDA provider; set ONNXRUNTIME_LIBRARY/);
    });
  }

  describe(`beside onnxruntime-node ${OLDER} in one process`, () => {
    const { version: ours } = JSON.parse(readFileSync(`${ROOT}node_modules/onnxruntime-node/package.json`, 'utf8'));
    let older;
    before(async () => {
      older = await installOlder();
    });

    for (const order of ['ours-first', 'theirs-first']) {
      const beside = async (theirs, settings = {}) => {
        cpSync(path.join(import.meta.dirname, 'beside.cjs'), path.join(project, 'beside.cjs'));
        const options = { cwd: project, env: { ...environment, ...settings } };
        const { stdout } = await run(process.execPath, ['beside.cjs', order, theirs, await getTestModel()], options);
        return JSON.parse(stdout);
      };

      test(`theirs is the older one, ${order}`, async () => {
        assert.deepEqual(await beside(older), { agree: true, ours, theirs: OLDER });
      });

      test(`ours is the older one, ${order}`, async () => {
        const library = { ONNXRUNTIME_LIBRARY: runtimeIn(older) };
        assert.deepEqual(await beside(project, library), { agree: true, ours: OLDER, theirs: ours });
      });
    }
  });

  test('without the platform package: one sentence that names it', async () => {
    const place = path.join(project, 'node_modules', packed.target.package);
    const aside = path.join(packed.scratch, 'aside');
    cpSync(place, aside, { recursive: true });
    rmSync(place, { recursive: true });
    try {
      const failure = await run(process.execPath, ['quick.mjs'], { cwd: project, env: environment }).catch((e) => e);
      assert.match(
        failure.stderr,
        new RegExp(`RerankError: .*${packed.target.package} is not installed; install again`),
      );
    } finally {
      cpSync(aside, place, { recursive: true });
    }
  });

  for (const [module, moduleResolution] of [
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['preserve', 'bundler'],
  ]) {
    test(`types: ESM and CommonJS users, ${moduleResolution}`, async () => {
      const users = path.join(project, moduleResolution);
      cpSync(path.join(ROOT, 'test', 'types', 'users'), users, { recursive: true });
      const types = ['--typeRoots', path.join(ROOT, 'node_modules', '@types')];
      const options = ['-p', users, '--module', module, '--moduleResolution', moduleResolution, ...types];
      await run(bin('tsc'), options).catch((error) => assert.fail(error.stdout));
    });
  }
});
