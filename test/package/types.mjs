// The packed declarations, as TypeScript users import them.
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { bin, ROOT } from './support/packed.mjs';
import { project, run } from './support/project.mjs';

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
