// All that must hold before a release: `npm run release:check`. Stops at the first thing that does not.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const STEPS = ['lint', 'build', 'test:native', 'test', 'test:package', 'pack:all', 'release:sbom'];

const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const changes = readFileSync(`${root}CHANGELOG.md`, 'utf8');
const dirty = execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' });

try {
  if (dirty) throw new Error(`Commit or remove what is not committed:\n${dirty}`);
  if (!changes.includes(`## [${version}]`)) throw new Error(`Give CHANGELOG.md a section [${version}].`);
  for (const step of STEPS) {
    console.log(`npm run ${step}`);
    execFileSync('npm', ['run', '--silent', step], {
      cwd: root,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
