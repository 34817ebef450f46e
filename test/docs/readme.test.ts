import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../src/models/cache';

const README = readFileSync(join(__dirname, '..', '..', 'README.md'), 'utf8');
const MODEL = cacheFolder('cross-encoder/ms-marco-MiniLM-L-12-v2')!;
const PLACEHOLDER = "'/path/to/model-folder'";

it('the README’s example runs as it stands and picks the passage that answers', () => {
  const [, example] = /^```ts\n([\s\S]*?)^```$/m.exec(README)!;
  expect(example).toContain(PLACEHOLDER);
  // As an ES module in a process of its own, which finds the package by its name.
  const program = example!.replace(PLACEHOLDER, JSON.stringify(MODEL));
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: __dirname,
    encoding: 'utf8',
  });
  expect(printed).toMatch(/^\[ \{ id: 1, score: 0\.\d+ \} \]\n$/);
});
