import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { temporaryFolder } from '../support/temporary-folder';

const script = path.join(__dirname, '..', '..', 'deps', 'fetch.mjs');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('deps/fetch.mjs', () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
    mkdirSync(path.join(folder, 'local'));
    writeFileSync(path.join(folder, 'local', 'a.h'), 'content');
  });

  /** Fetches one made-up dependency whose only carrier is a package that does not exist. */
  function fetchAll(hash: string, env: NodeJS.ProcessEnv = {}) {
    const manifest = path.join(folder, 'manifest.json');
    const dependency = {
      name: 'headers',
      version: '1.0.0',
      localDirectoryVariable: 'TEST_INCLUDE_DIR',
      files: [{ name: 'a.h', sha256: hash }],
      carriers: [{ kind: 'npm', package: './no-such-package', directory: 'package' }],
    };
    writeFileSync(manifest, JSON.stringify({ dependencies: [dependency] }));
    const root = path.join(folder, 'fetched');
    const code = `import { fetchAll } from ${JSON.stringify(pathToFileURL(script).href)};
      fetchAll({ manifest: process.argv[1], root: process.argv[2] }).catch((e) => { console.error(e.message); process.exitCode = 1; });`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code, manifest, root], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
    return { status, stderr, root };
  }

  const local = () => ({ TEST_INCLUDE_DIR: path.join(folder, 'local') });

  test('takes the files from the named folder, and then needs no carrier', () => {
    const { status, root } = fetchAll(sha256('content'), local());
    expect(status).toBe(0);
    expect(readFileSync(path.join(root, 'headers', 'a.h'), 'utf8')).toBe('content');
    expect(fetchAll(sha256('content')).status).toBe(0);
    expect(readdirSync(root)).toEqual(['headers']);
  });

  test('a wrong hash is an error that names the file and both hashes', () => {
    const { status, stderr, root } = fetchAll(sha256('other'), local());
    expect(status).toBe(1);
    expect(stderr).toContain('a.h');
    expect(stderr).toContain(sha256('content'));
    expect(stderr).toContain(sha256('other'));
    expect(readdirSync(root)).toEqual([]);
  });

  test('what is there but changed is fetched again, not used', () => {
    const { root } = fetchAll(sha256('content'), local());
    writeFileSync(path.join(root, 'headers', 'a.h'), 'tampered');
    expect(fetchAll(sha256('content'), local()).status).toBe(0);
    expect(readFileSync(path.join(root, 'headers', 'a.h'), 'utf8')).toBe('content');
  });

  test('without any carrier the error says what to do', () => {
    const { status, stderr } = fetchAll(sha256('content'));
    expect(status).toBe(1);
    expect(stderr).toMatch(/headers 1\.0\.0 could not be had.*TEST_INCLUDE_DIR/s);
    expect(stderr).toContain('./no-such-package');
  });
});
