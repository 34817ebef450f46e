import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { dlopenFailure } from '../../src/addon/dlopen-failure';

const PACKAGE_ROOT = path.join(__dirname, '..', '..');

// The messages are those of the systems' own dynamic loaders.
it.each([
  [
    'old glibc',
    "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.28' not found (required by /app/addon.node)",
    /it needs glibc 2\.28 and this system has an older one/,
    /newer distribution/,
  ],
  [
    'a musl binary on glibc',
    'libc.musl-x86_64.so.1: cannot open shared object file: No such file or directory',
    /another C library/,
    /install again/,
  ],
  [
    'a glibc binary on musl',
    'Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by /app/addon.node)',
    /another C library/,
    /install again/,
  ],
  ['a cut file', '/app/addon.node: file too short', /damaged/, /install again/],
  ['another kind of file', '/app/addon.node: invalid ELF header', /damaged/, /install again/],
  [
    'another processor, macOS',
    "dlopen(/app/addon.node, 0x0001): tried: '/app/addon.node' (mach-o file, but is an incompatible architecture (have 'arm64', need 'x86_64'))",
    /another kind of machine/,
    /install again/,
  ],
  ['another processor, Windows', '\\\\?\\C:\\app\\addon.node is not a valid Win32 application.', /damaged/, /install/],
  [
    'noexec',
    '/app/addon.node: failed to map segment from shared object: Operation not permitted',
    /lets no code run/,
    /noexec/,
  ],
])('%s', (_, message, reason, remedy) => {
  const error = new Error(message);
  expect(dlopenFailure(error)).toMatchObject({
    reason: expect.stringMatching(reason),
    remedy: expect.stringMatching(remedy),
    cause: error,
  });
});

it('--no-addons', () => {
  const program = `require('./dist/addon/load-native').loadNative()`;
  const { stderr } = spawnSync(process.execPath, ['--no-addons', '-e', program], {
    cwd: PACKAGE_ROOT,
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/RerankError: .*told to load no native addons; start it without --no-addons/);
});
