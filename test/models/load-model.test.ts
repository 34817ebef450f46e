import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { probeCuda } from '../../src/cuda/probe';
import { loadModel } from '../../src/load-model';
import { loadNative } from '../../src/addon/load-native';
import type { RerankerOptions } from '../../src/types';
import { NATIVE_API_VERSION, type NativeLoadOptions, type NativeRuntimeOptions } from '../../src/addon/native-api';
import { tinyBert } from '../support/tiny-bert';
import { FakeEngine } from '../reranker/fake-engine';
import { folderWith, FP32, INT8 } from './model-folder';

jest.mock('../../src/addon/load-native');
jest.mock('../../src/cuda/probe');

const load = jest.fn<Promise<FakeEngine>, [NativeLoadOptions]>();
beforeEach(() => {
  load.mockReset();
  nativeWith({ fastFp32: false });
  jest.mocked(probeCuda).mockReset();
});

function nativeWith({ fastFp32 }: { fastFp32: boolean }): void {
  const addon = {
    apiVersion: NATIVE_API_VERSION,
    capabilities: () => ({
      instructionSet: 'avx2',
      instructionSets: ['portable', 'avx2'],
      hasFastFp32: fastFp32,
      hasFastBf16: true,
      dtypes: ['fp32', 'bf16', 'int8'] as const satisfies string[],
      families: [
        {
          name: 'roberta',
          modelTypes: ['xlm-roberta'],
          architectures: ['XLMRobertaForSequenceClassification'],
          bareArchitectures: ['XLMRobertaModel'],
          codeClasses: ['XLMRobertaFlashConfig'],
          causalArchitectures: [],
        },
      ],
    }),
    load,
    probeCuda: () => undefined,
  };
  jest.mocked(loadNative).mockReturnValue(addon);
}

const CUDA_DEFAULTS = {
  deviceIds: [0],
  memoryLimitBytes: 0,
  arenaExtendStrategy: 'kNextPowerOfTwo',
  tf32: false,
  maxBatchTokens: 16_384,
};
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
        engine: 'onnxruntime',
        modelPath,
        weightBytes: INT8.length,
        tokenizerPath,
        runtimePath: expect.stringContaining('onnxruntime'),
        executionProviders: ['cuda', 'cpu'],
        cuda: CUDA_DEFAULTS,
        threads: 3,
        maxLength: 256,
        truncation: 'longest_first',
        specialTokens: 'parse',
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
    specialTokens: 'parse',
    threads: 3,
    provider: { asked: ['cuda', 'cpu'], got: 'cpu', reason: 'asked for' },
    engine: { name: 'onnxruntime', reason: 'model.onnx runs on ONNX Runtime, since our own kernels are for the CPU' },
    runtime: { version: '1.2.3', library: (load.mock.calls[0]![0] as NativeRuntimeOptions).runtimePath },
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

describe('which engine runs a model with fp32 weights', () => {
  const XLMR = JSON.stringify({ architectures: ['XLMRobertaForSequenceClassification'], model_type: 'xlm-roberta' });
  const HUB = { 'tokenizer.json': '{}', 'config.json': XLMR, 'onnx/model.onnx': FP32 };
  const BOTH = { ...HUB, 'onnx/model_quantized.onnx': INT8 };

  it.each<[string, Record<string, Buffer | string>, RerankerOptions, object]>([
    ['auto: int8 made from it', HUB, {}, { engine: 'builtin', dtype: 'int8', modelPath: 'onnx/model.onnx' }],
    ['int8: made from it, though a file is there', BOTH, { dtype: 'int8' }, { engine: 'builtin', dtype: 'int8' }],
    ['bf16: made from it', HUB, { dtype: 'bf16' }, { engine: 'builtin', dtype: 'bf16', modelPath: 'onnx/model.onnx' }],
    ['safetensors before ONNX', { ...HUB, 'model.safetensors': '' }, {}, { modelPath: 'model.safetensors' }],
    ['fp32: ONNX Runtime', BOTH, { dtype: 'fp32' }, { engine: 'onnxruntime', modelPath: 'onnx/model.onnx' }],
    [
      'fp32 with safetensors alone: our own',
      { 'tokenizer.json': '{}', 'config.json': XLMR, 'model.safetensors': '' },
      { dtype: 'fp32' },
      { engine: 'builtin', dtype: 'fp32' },
    ],
    [
      'CUDA: fp16 on ONNX Runtime',
      { ...BOTH, 'onnx/model_fp16.onnx': FP32 },
      { executionProviders: ['cuda', 'cpu'] },
      { engine: 'onnxruntime', dtype: 'fp16', modelPath: 'onnx/model_fp16.onnx' },
    ],
    [
      'CUDA without fp16: fp32',
      BOTH,
      { executionProviders: ['cuda', 'cpu'] },
      { engine: 'onnxruntime', dtype: 'fp32', modelPath: 'onnx/model.onnx' },
    ],
    [
      'another provider, though int8 could be made',
      { ...HUB, 'model.safetensors': '' },
      { executionProviders: ['cuda'] },
      { engine: 'onnxruntime', modelPath: 'onnx/model.onnx' },
    ],
    [
      'CUDA with int8 alone: that',
      { 'tokenizer.json': '{}', 'model_quantized.onnx': INT8 },
      { executionProviders: ['cuda'] },
      { engine: 'onnxruntime', dtype: 'int8', modelPath: 'model_quantized.onnx' },
    ],
    [
      'CUDA with the dtype given: that',
      { ...BOTH, 'onnx/model_fp16.onnx': FP32 },
      { executionProviders: ['cuda', 'cpu'], dtype: 'int8' },
      { engine: 'onnxruntime', dtype: 'int8', modelPath: 'onnx/model_quantized.onnx' },
    ],
    [
      'fp16 alone: on the CPU too',
      { 'tokenizer.json': '{}', 'model_fp16.onnx': FP32 },
      {},
      { engine: 'onnxruntime', dtype: 'fp16', modelPath: 'model_fp16.onnx' },
    ],
    ['cpu before cuda: our own', HUB, { executionProviders: ['cpu', 'cuda'] }, { engine: 'builtin' }],
    ['an architecture of no known kind', { ...BOTH, 'config.json': '{}' }, {}, { engine: 'onnxruntime' }],
  ])('%s', async (_, files, options, expected) => {
    load.mockImplementation(() => Promise.resolve(new FakeEngine()));
    const folder = folderWith(files);
    const { modelPath, engine, dtype } = expected as { modelPath?: string; engine?: string; dtype?: string };
    const { info } = await loadModel(folder, options);
    expect(load.mock.calls.at(-1)![0]).toMatchObject({
      ...(engine && { engine }),
      ...(modelPath && { modelPath: join(folder, modelPath) }),
    });
    expect(info).toMatchObject({ ...(engine && { engine: { name: engine } }), ...(dtype && { dtype }) });
  });

  it('fp32 where the processor is faster at it: our own', async () => {
    nativeWith({ fastFp32: true });
    load.mockResolvedValue(new FakeEngine());
    const folder = folderWith(BOTH);
    await loadModel(folder, { dtype: 'fp32' });
    expect(load.mock.calls.at(-1)![0]).toMatchObject({
      engine: 'builtin',
      dtype: 'fp32',
      modelPath: join(folder, 'onnx/model.onnx'),
    });
  });

  describe('whose safetensors file has 16 bits a weight', () => {
    const HALF = { ...HUB, 'model.safetensors': tinyBert({ element: 'BF16', vocabulary: 10 }) };
    const loaded = async (options: RerankerOptions) => {
      load.mockResolvedValue(new FakeEngine());
      return (await loadModel(folderWith(HALF), { maxLength: 16, ...options })).info;
    };

    it('says so', async () => {
      expect((await loaded({})).engine.reason).toBe(
        'int8 on our own kernels, made from the bfloat16 weights of model.safetensors',
      );
    });

    it('fp32 starts from the fp32 graph', async () => {
      nativeWith({ fastFp32: true });
      const { engine } = await loaded({ dtype: 'fp32' });
      expect(engine.reason).toBe('fp32 on our own kernels, made from model.onnx');
    });
  });

  it.each(['MODEL_UNSUPPORTED', 'MODEL_INVALID'])(
    'falls back to ONNX Runtime on %s of the kernels, and says why',
    async (code) => {
      load.mockImplementation(({ engine }) =>
        engine === 'builtin' ? Promise.reject({ code, message: 'odd head' }) : Promise.resolve(new FakeEngine()),
      );
      const { info } = await loadModel(folderWith(BOTH));
      expect(info).toMatchObject({
        dtype: 'int8',
        engine: { name: 'onnxruntime', reason: expect.stringContaining('odd head') },
      });
    },
  );

  it('what our own kernels refuse in one file they try in the next, before ONNX Runtime', async () => {
    load.mockImplementation(({ engine, modelPath }) =>
      engine === 'builtin'
        ? Promise.reject({ code: 'MODEL_UNSUPPORTED', message: `odd ${basename(modelPath)}` })
        : Promise.resolve(new FakeEngine()),
    );
    const { info } = await loadModel(folderWith({ ...BOTH, 'model.safetensors': '' }));
    const tried = load.mock.calls.map(([{ engine, modelPath }]) => [engine, basename(modelPath)]);
    expect(tried.slice(0, 2)).toEqual([
      ['builtin', 'model.safetensors'],
      ['builtin', 'model.onnx'],
    ]);
    expect(tried.at(-1)).toEqual(['onnxruntime', 'model_quantized.onnx']);
    expect(info.engine.reason).toMatch(/^model_quantized\.onnx runs on ONNX Runtime, since .* cannot run \S+: odd /);
  });

  it('another provider without an ONNX file is MODEL_NOT_FOUND', async () => {
    const folder = folderWith({ 'tokenizer.json': '{}', 'config.json': XLMR, 'model.safetensors': '' });
    await expect(loadModel(folder, { executionProviders: ['cuda'] })).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringMatching(/no weights that can run on CUDA, .*model\.onnx.* 'cpu'/),
    });
  });

  it('bf16 without fp32 weights is MODEL_NOT_FOUND', async () => {
    await expect(loadModel(folderWith(FILES), { dtype: 'bf16' })).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});

describe('when the test process says that CUDA does not work', () => {
  const HUB_LIKE = { ...FILES, 'model_fp16.onnx': FP32, 'model_quantized.onnx': INT8 };
  beforeEach(() => {
    jest.mocked(probeCuda).mockResolvedValue('the driver is too old; update it');
    load.mockImplementation(() => Promise.resolve(new FakeEngine()));
  });

  it('loads what the CPU would load, and says why', async () => {
    const { info } = await loadModel(folderWith(HUB_LIKE), { executionProviders: ['cuda', 'cpu'], threads: 1 });
    expect(load.mock.calls.at(-1)![0]).toMatchObject({ executionProviders: ['cpu'] });
    expect(info.dtype).toBe('int8');
    expect(info.provider).toEqual({
      asked: ['cuda', 'cpu'],
      got: 'cpu',
      reason: 'cuda cannot be used: the driver is too old; update it',
    });
  });

  it('is PROVIDER_UNAVAILABLE without cpu in the list', async () => {
    await expect(loadModel(folderWith(HUB_LIKE), { executionProviders: ['cuda'] })).rejects.toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      message: "cuda cannot be used: the driver is too old; update it; or add 'cpu' to executionProviders",
    });
    expect(load).not.toHaveBeenCalled();
  });

  it('is not asked where CUDA is not, or comes behind the CPU', async () => {
    await loadModel(folderWith(HUB_LIKE));
    await loadModel(folderWith(HUB_LIKE), { executionProviders: ['cpu', 'cuda'] });
    expect(probeCuda).not.toHaveBeenCalled();
  });
});

it('takes one thread at least for each CUDA device', async () => {
  const asked = { executionProviders: ['cuda'], cuda: { deviceIds: [0, 2] } } satisfies RerankerOptions;
  load.mockResolvedValue(new FakeEngine());
  await expect(loadModel(folderWith(FILES), { ...asked, threads: 1 })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: "Expected an integer from 2 to 1024 (one a CUDA device) for 'threads', received 1",
  });
  await loadModel(folderWith(FILES), asked);
  expect((load.mock.calls.at(-1)![0] as NativeRuntimeOptions).cuda.deviceIds).toEqual([0, 2]);
  expect(load.mock.calls.at(-1)![0].threads).toBeGreaterThanOrEqual(2);
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
