import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};
const notices = readFileSync(join(root, 'THIRD_PARTY_NOTICES.md'), 'utf8').toLowerCase();

it.each(Object.keys(dependencies))('the notices name %s', (name) => {
  expect(notices).toContain(`[${name}](https://`);
});
