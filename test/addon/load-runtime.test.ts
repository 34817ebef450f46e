import { existsSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { findInCarrier, findRuntime } from '../../src/addon/load-runtime';
import { folderWith } from '../models/model-folder';

const NAMES = ['ONNXRUNTIME_LIBRARY', 'VIRTUAL_ENV', 'CONDA_PREFIX'] as const;
const before = NAMES.map((name) => process.env[name]);
afterEach(() => {
  NAMES.forEach((name, at) => {
    Reflect.deleteProperty(process.env, name);
    if (before[at] !== undefined) process.env[name] = before[at];
  });
});

it('takes the library that onnxruntime-node ships', () => {
  delete process.env['ONNXRUNTIME_LIBRARY'];
  const found = findRuntime();
  expect(isAbsolute(found) && existsSync(found)).toBe(true);
  expect(found).toContain(join('onnxruntime-node', 'bin', 'napi-v'));
});

it('takes the library that the environment names, made absolute', () => {
  process.env['ONNXRUNTIME_LIBRARY'] = relative(process.cwd(), __filename);
  expect(findRuntime()).toBe(__filename);
});

it('refuses a name of nothing', () => {
  process.env['ONNXRUNTIME_LIBRARY'] = '/no/such/library.so';
  expect(findRuntime).toThrow(
    expect.objectContaining({
      code: 'RUNTIME_NOT_FOUND',
      path: '/no/such/library.so',
      message: 'ONNXRUNTIME_LIBRARY names a file that does not exist: /no/such/library.so; correct it or unset it',
    }),
  );
});

it('finds the library in the folder that the environment names', () => {
  const folder = folderWith({ 'libonnxruntime_providers_cuda.so': '', 'libonnxruntime.so.1.31.1': '' });
  process.env['ONNXRUNTIME_LIBRARY'] = folder;
  expect(findRuntime('cuda')).toBe(join(folder, 'libonnxruntime.so.1.31.1'));
  process.env['ONNXRUNTIME_LIBRARY'] = __dirname;
  expect(findRuntime).toThrow(
    `ONNXRUNTIME_LIBRARY names a folder without an ONNX Runtime library: ${__dirname}; correct it or unset it`,
  );
});

describe('for CUDA, where onnxruntime-node has no provider', () => {
  const capi = 'lib/python3.12/site-packages/onnxruntime/capi';
  const library = `${capi}/libonnxruntime.so.1.31.1`;
  const gpu = folderWith({ [library]: '', [`${capi}/libonnxruntime_providers_cuda.so`]: '' });

  it.each(['VIRTUAL_ENV', 'CONDA_PREFIX'] as const)('takes onnxruntime-gpu of %s, for CUDA alone', (name) => {
    NAMES.forEach((each) => Reflect.deleteProperty(process.env, each));
    process.env[name] = gpu;
    expect(findRuntime('cuda')).toBe(join(gpu, library));
    expect(findRuntime()).toContain('onnxruntime-node');
  });

  it('leaves a Python package without a CUDA provider alone', () => {
    NAMES.forEach((each) => Reflect.deleteProperty(process.env, each));
    process.env['VIRTUAL_ENV'] = folderWith({ [library]: '' });
    expect(findRuntime('cuda')).toContain('onnxruntime-node');
  });
});

describe('files of the carrier', () => {
  const root = folderWith({
    'bin/napi-v3/linux/x64/libonnxruntime.so.1': '',
    'bin/napi-v6/linux/x64/libonnxruntime.so.1': '',
    'bin/napi-v6/linux/x64/libonnxruntime_providers_shared.so': '',
    'bin/napi-v6/linux/x64/onnxruntime_binding.node': '',
    'bin/napi-v6/darwin/arm64/libonnxruntime.1.30.0.dylib': '',
    'bin/napi-v6/win32/x64/DirectML.dll': '',
    'bin/napi-v6/win32/x64/onnxruntime.dll': '',
    'bin/other/linux/arm64/libonnxruntime.so.1': '',
  });

  it.each([
    ['linux', 'x64', 'bin/napi-v6/linux/x64/libonnxruntime.so.1'],
    ['darwin', 'arm64', 'bin/napi-v6/darwin/arm64/libonnxruntime.1.30.0.dylib'],
    ['win32', 'x64', 'bin/napi-v6/win32/x64/onnxruntime.dll'],
  ] as const)('%s-%s', (platform, arch, expected) => {
    expect(findInCarrier(root, platform, arch)).toBe(join(root, expected));
  });

  it.each([
    ['linux', 'arm64'],
    ['freebsd', 'x64'],
  ] as const)('%s-%s: none', (platform, arch) => {
    expect(findInCarrier(root, platform, arch)).toBeUndefined();
  });
});
