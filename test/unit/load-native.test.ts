import nodeGypBuild from 'node-gyp-build';
import { join } from 'node:path';
import { NATIVE_API_VERSION } from '../../src/native-api';
import { folderWith } from './model-folder';

// Each test gets a module of its own: a loaded addon is kept.
let loadNative: (root?: string) => unknown;
beforeEach(() => {
  jest.resetModules();
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  loadNative = (require('../../src/load-native') as { loadNative: typeof loadNative }).loadNative;
});
afterEach(() => jest.restoreAllMocks());

function packageWith(files: Record<string, string>): string {
  return folderWith({ 'package.json': { name: 'bge-reranker' }, ...files });
}

/** A stand-in for the addon: node-gyp-build finds this JavaScript file. */
function findAddon(source: string): string {
  const file = join(packageWith({ 'addon.js': source }), 'addon.js');
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  jest.spyOn(require('node-gyp-build') as typeof nodeGypBuild, 'resolve').mockReturnValue(file);
  return file;
}

const refusal = (path: string, reason: RegExp) =>
  expect.objectContaining({
    name: 'RerankError',
    code: 'ADDON_NOT_FOUND',
    path,
    message: expect.stringMatching(reason),
  });

it('no build: says so and what to run', () => {
  const root = packageWith({});
  expect(() => loadNative(root)).toThrow(
    refusal(root, /No native build was found .*; run `npm run build` in the package/),
  );
});

it('a file that is no library: gives the loader’s reason and the file', () => {
  const root = packageWith({ 'build/Release/addon.node': 'garbage' });
  const file = join(root, 'build', 'Release', 'addon.node');
  expect(() => loadNative(root)).toThrow(refusal(file, /The native addon cannot be used: .+; run `npm run build`/));
});

it.each([
  ['{ apiVersion: 0 }', 'is 0'],
  ['{}', 'is none'],
])('an addon %s of another interface version', (addon, version) => {
  const file = findAddon(`module.exports = ${addon}`);
  expect(() => loadNative()).toThrow(refusal(file, new RegExp(`interface version ${version}, this package needs`)));
});

it('is found once; a failure is not remembered', () => {
  findAddon('module.exports = {}');
  expect(() => loadNative()).toThrow(/interface version/);
  findAddon(`module.exports = { apiVersion: ${NATIVE_API_VERSION} }`);
  const addon = loadNative();
  findAddon('throw new Error("not again")');
  expect(loadNative()).toBe(addon);
});
