import nodeGypBuild from 'node-gyp-build';
import { join } from 'node:path';
import { traced } from '../../src/addon/installed-packages';
import { NATIVE_API_VERSION } from '../../src/addon/native-api';
import { currentTarget, platformPackage } from '../../src/addon/platform-package';
import addonTargets from '../../src/addon/prebuilt-targets.json';
import runtimeTargets from '../../src/addon/runtime-targets.json';
import { temporaryFolder } from '../support/temporary-folder';
import { folderWith } from '../models/model-folder';

// Each test gets a module of its own: a loaded addon is kept.
let loadNative: (root?: string) => unknown;
beforeEach(() => {
  jest.resetModules();
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  loadNative = (require('../../src/addon/load-native') as { loadNative: typeof loadNative }).loadNative;
});
afterEach(() => jest.restoreAllMocks());

const CARRIER = `bge-reranker-${currentTarget()}`;
const PREBUILT = `node_modules/${CARRIER}/prebuilds/${process.platform}-${process.arch}/bge-reranker.node`;

/** What scripts/pack writes into the package of a platform. */
const says = (version: string) =>
  `exports.version = '${version}'; exports.addon = __dirname + '/prebuilds/${process.platform}-${process.arch}/bge-reranker.node';`;

/** An installed package, with what npm put beside it; `carrier` is the version of this platform's package. */
function installed(carrier?: string, files: Record<string, string> = {}): string {
  const beside =
    carrier === undefined
      ? {}
      : {
          [`node_modules/${CARRIER}/package.json`]: named(CARRIER, carrier),
          [`node_modules/${CARRIER}/index.js`]: says(carrier),
        };
  return folderWith({ 'package.json': named('bge-reranker', '1.2.3'), ...beside, ...files });
}

const named = (name: string, version: string) => ({ name, version });

/** A stand-in for the addon: node-gyp-build finds this JavaScript file. */
function findAddon(source: string): string {
  const file = join(folderWith({ 'addon.js': source }), 'addon.js');
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

describe('an installed package', () => {
  it('takes the addon from the package of its platform', () => {
    const root = installed('1.2.3', { [PREBUILT]: 'garbage' });
    // It was found: the system's loader is who refuses it.
    expect(() => loadNative(root)).toThrow(
      refusal(join(root, PREBUILT), /its file is damaged or for another kind of machine; delete node_modules/),
    );
  });

  it('without the optional dependency: names it and how to get it', () => {
    const root = installed();
    expect(() => loadNative(root)).toThrow(
      refusal(root, new RegExp(`${CARRIER} is not installed; install again .*npm install --include=optional`)),
    );
  });

  it('with one of another version', () => {
    const root = installed('1.2.2', { [PREBUILT]: 'garbage' });
    const reason = new RegExp(`bge-reranker is 1.2.3 but ${CARRIER} is 1.2.2; .*npm install bge-reranker@1.2.3`);
    expect(() => loadNative(root)).toThrow(refusal(root, reason));
  });

  it('with one that is empty', () => {
    const root = installed('1.2.3');
    const reason = /its package holds no file for this platform; delete node_modules/;
    expect(() => loadNative(root)).toThrow(refusal(join(root, PREBUILT), reason));
  });

  it('on a platform without a prebuilt addon: names those that have one', () => {
    const root = installed('1.2.3');
    expect(platformPackage(root, 'freebsd-x64')).toEqual({
      reason: expect.stringMatching(/no prebuilt one for freebsd-x64, only for linux-x64, .*win32-x64/),
      remedy: expect.stringMatching(/npm run build/),
    });
  });
});

it('every platform package has its name in full, for what traces files', () => {
  const names = [
    ...addonTargets.map((target) => `bge-reranker-${target}`),
    ...runtimeTargets.map((target) => `bge-reranker-onnxruntime-${target}`),
  ];
  expect([...traced.toString().matchAll(/require\('([^']+)'\)/g)].map((match) => match[1])).toEqual(names);
});

describe('a clone', () => {
  it('without a build: says what to run', () => {
    const root = installed(undefined, { 'CMakeLists.txt': '' });
    expect(() => loadNative(root)).toThrow(
      refusal(root, /nothing is built in its folder, .*; run `npm run build` in the package folder$/),
    );
  });

  it('takes its own build first; building again is the remedy', () => {
    const files = { 'CMakeLists.txt': '', 'build/Release/addon.node': 'garbage', [PREBUILT]: 'garbage' };
    const root = installed('1.2.3', files);
    const file = join(root, 'build', 'Release', 'addon.node');
    expect(() => loadNative(root)).toThrow(refusal(file, /; run `npm run build` in the package folder$/));
  });
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

it('a failure of the loader itself keeps its message', () => {
  const root = temporaryFolder();
  findAddon('throw new Error("something new\\nstack")');
  expect(() => loadNative(root)).toThrow(/cannot be used: something new; delete node_modules and install again$/);
});
