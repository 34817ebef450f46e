// Beside an onnxruntime-node of another version in one process, whichever is loaded first.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { RUNTIME_VERSION } from '../../scripts/pack/onnxruntime.mjs';
import { ROOT } from './support/packed.mjs';
import { inProject, packed, put, run } from './support/project.mjs';
import { runtimeModel } from './support/runtime-model.mjs';

const OLDER = '1.22.0';

/** A folder with an older onnxruntime-node in its node_modules, from the registry that npm is set to. */
async function installOlder() {
  const folder = mkdtempSync(path.join(packed.scratch, 'older-'));
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...options, `onnxruntime-node@${OLDER}`], { cwd: folder });
  return folder;
}

/** The folder of the library in an onnxruntime-node below `folder`. */
const runtimeIn = (folder) =>
  path.join(folder, 'node_modules/onnxruntime-node/bin/napi-v6', process.platform, process.arch);

describe(`beside onnxruntime-node ${OLDER} in one process`, () => {
  const { version: current } = JSON.parse(readFileSync(`${ROOT}node_modules/onnxruntime-node/package.json`, 'utf8'));
  let older;
  before(async () => {
    put('beside/beside.cjs');
    older = await installOlder();
  });

  for (const order of ['ours-first', 'theirs-first']) {
    const beside = async (theirs, settings) => {
      const command = [process.execPath, 'beside.cjs', order, theirs, await runtimeModel()];
      return JSON.parse((await inProject(command, settings)).stdout);
    };

    test(`theirs is the older one, ${order}`, async () => {
      assert.deepEqual(await beside(older), { agree: true, ours: RUNTIME_VERSION, theirs: OLDER });
    });

    test(`ours is the older one, ${order}`, async () => {
      const library = { ONNXRUNTIME_LIBRARY: runtimeIn(older) };
      assert.deepEqual(await beside(ROOT, library), { agree: true, ours: OLDER, theirs: current });
    });
  }
});
