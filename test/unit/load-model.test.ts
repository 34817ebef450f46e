import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { loadModel } from '../../src/load-model';
import { loadNative } from '../../src/load-native';
import { NATIVE_API_VERSION, type NativeLoadOptions } from '../../src/native-api';
import { FakeEngine } from './fake-engine';
import { folderWith, INT8 } from './model-folder';

jest.mock('../../src/load-native');

const load = jest.fn<Promise<FakeEngine>, [NativeLoadOptions]>();
beforeEach(() => {
  load.mockReset();
  jest.mocked(loadNative).mockReturnValue({ apiVersion: NATIVE_API_VERSION, load });
});

const FILES = { 'tokenizer.json': '{}', 'model.onnx': INT8 };
const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

it('gives the addon checked options and describes what was loaded', async () => {
  const engine = new FakeEngine();
  load.mockResolvedValue(engine);
  const folder = folderWith(FILES);
  const loaded = await loadModel(folder, { threads: 3, executionProviders: ['cuda', 'cpu'], maxLength: 256 });
  const modelPath = join(folder, 'model.onnx');
  const tokenizerPath = join(folder, 'tokenizer.json');
  expect(load.mock.calls).toEqual([
    [
      {
        modelPath,
        tokenizerPath,
        runtimePath: expect.stringContaining('onnxruntime'),
        executionProviders: ['cuda', 'cpu'],
        threads: 3,
        maxLength: 256,
        truncation: 'longest_first',
        maxQueuedTokens: 8_388_608,
      },
    ],
  ]);
  expect(loaded.engine).toBe(engine);
  expect(loaded.info).toEqual({
    model: folder,
    architecture: 'unknown',
    dtype: 'int8',
    maxLength: 256,
    truncation: 'longest_first',
    threads: 3,
    provider: { asked: ['cuda', 'cpu'], got: 'cpu', reason: 'asked for' },
    runtime: { version: '1.2.3', library: load.mock.calls[0]![0].runtimePath },
    files: {
      model: { path: modelPath, bytes: INT8.length, sha256: sha256(INT8) },
      tokenizer: { path: tokenizerPath, bytes: 2, sha256: sha256('{}') },
    },
  });
  expect(Object.isFrozen(loaded.info) && Object.isFrozen(loaded.info.files.model)).toBe(true);
});

it.each([
  ['', undefined, { code: 'INVALID_OPTION', path: 'model' }],
  [undefined, undefined, { code: 'INVALID_OPTION', path: 'model' }],
  [folderWith(FILES), { threads: 0 }, { code: 'INVALID_OPTION', path: 'threads' }],
  [folderWith(FILES), { maxLength: 513 }, { code: 'INVALID_OPTION', path: 'maxLength' }],
  ['/no/such/folder', undefined, { code: 'MODEL_NOT_FOUND', path: '/no/such/folder' }],
])('refuses load(%j, %j) before the addon is asked', async (model, options, error) => {
  await expect(loadModel(model as string, options)).rejects.toMatchObject({ name: 'RerankError', ...error });
  expect(load).not.toHaveBeenCalled();
});

it('turns the addon’s failure into a RerankError', async () => {
  const failure = { code: 'MODEL_INVALID', message: 'The model is truncated', path: '/m/model.onnx' };
  load.mockRejectedValue(failure);
  await expect(loadModel(folderWith(FILES))).rejects.toMatchObject({ name: 'RerankError', ...failure });
});

it('closes the engine when a file cannot be digested', async () => {
  const engine = new FakeEngine();
  load.mockImplementation(async ({ tokenizerPath }) => {
    expect(tokenizerPath).toContain('tokenizer.json');
    return engine;
  });
  const digest = jest.requireActual<typeof import('../../src/models/digest')>('../../src/models/digest');
  jest.spyOn(digest, 'digestFile').mockRejectedValueOnce(new Error('disk on fire'));
  await expect(loadModel(folderWith(FILES))).rejects.toMatchObject({ code: 'INTERNAL' });
  expect(engine.closes).toBe(1);
});
