import { checkRerankerOptions, checkRerankOptions, maxLengthFor, threadsFor } from '../../src/options';

const optionError = (message: string, path: string) =>
  expect.objectContaining({ name: 'RerankError', code: 'INVALID_OPTION', message, path });

it('fills in defaults', () => {
  expect(checkRerankerOptions()).toEqual({
    dtype: 'auto',
    executionProviders: ['cpu'],
    cuda: {
      deviceIds: [0],
      memoryLimitBytes: 0,
      arenaExtendStrategy: 'kNextPowerOfTwo',
      tf32: false,
      maxBatchTokens: 16_384,
    },
    threads: undefined,
    maxLength: undefined,
    truncation: 'longest_first',
    specialTokens: 'parse',
    maxQueuedTokens: 8_388_608,
    maxQueueSeconds: 30,
    weightCache: false,
  });
  expect(checkRerankOptions({})).toEqual({ signal: undefined, timeoutMs: undefined, rawScores: false, details: false });
});

it('copies the list of providers', () => {
  const executionProviders = ['cuda', 'cpu'] as const;
  const checked = checkRerankerOptions({ executionProviders: [...executionProviders] });
  expect(checked.executionProviders).toEqual(executionProviders);
});

it.each([
  [{ dtype: 'fp8' }, "Expected one of 'auto', 'fp32', 'fp16', 'bf16', 'int8' for 'dtype', received 'fp8'"],
  [{ dtype: null }, "Expected one of 'auto', 'fp32', 'fp16', 'bf16', 'int8' for 'dtype', received null"],
  [
    { executionProviders: [] },
    "Expected a list of distinct names from 'cuda', 'cpu' for 'executionProviders', received []",
  ],
  [
    { executionProviders: ['cpu', 'cpu'] },
    "Expected a list of distinct names from 'cuda', 'cpu' for 'executionProviders', received ['cpu', 'cpu']",
  ],
  [
    { executionProviders: 'cpu' },
    "Expected a list of distinct names from 'cuda', 'cpu' for 'executionProviders', received 'cpu'",
  ],
  [{ threads: 0 }, "Expected an integer from 1 to 1024 for 'threads', received 0"],
  [{ threads: '2' }, "Expected an integer from 1 to 1024 for 'threads', received '2'"],
  [{ maxLength: 2.5 }, "Expected an integer from 1 to 1048576 for 'maxLength', received 2.5"],
  [
    { truncation: true },
    "Expected one of 'longest_first', 'only_second', 'only_first', 'none' for 'truncation', received true",
  ],
  [{ specialTokens: 'TEXT' }, "Expected one of 'parse', 'text' for 'specialTokens', received 'TEXT'"],
  [{ maxQueuedTokens: -1 }, "Expected an integer from 1 to 9007199254740991 for 'maxQueuedTokens', received -1"],
])('refuses %j', (options, message) => {
  expect(() => checkRerankerOptions(options as any)).toThrow(optionError(message, Object.keys(options)[0]!));
});

it.each([
  [[], null, "Expected an object for 'cuda', received null"],
  ['deviceIds', [], "Expected a list of distinct integers from 0 to 1023 for 'cuda.deviceIds', received []"],
  ['deviceIds', [1, 1], "Expected a list of distinct integers from 0 to 1023 for 'cuda.deviceIds', received [1, 1]"],
  ['deviceIds', 0, "Expected a list of distinct integers from 0 to 1023 for 'cuda.deviceIds', received 0"],
  [
    'memoryLimitBytes',
    0,
    "Expected an integer from 1 to 9007199254740991 (bytes) for 'cuda.memoryLimitBytes', received 0",
  ],
  [
    'arenaExtendStrategy',
    'kAll',
    "Expected one of 'kNextPowerOfTwo', 'kSameAsRequested' for 'cuda.arenaExtendStrategy', received 'kAll'",
  ],
  ['tf32', 1, "Expected a boolean for 'cuda.tf32', received 1"],
  ['maxBatchTokens', 0, "Expected an integer from 1 to 9007199254740991 for 'cuda.maxBatchTokens', received 0"],
])('refuses cuda %j: %j', (name, value, message) => {
  const cuda = typeof name === 'string' ? { [name]: value } : value;
  const path = typeof name === 'string' ? `cuda.${name}` : 'cuda';
  expect(() => checkRerankerOptions({ cuda } as any)).toThrow(optionError(message, path));
});

it.each([
  [undefined, 0, 24, 24],
  [undefined, 0, 2_000, 1_024],
  [undefined, 1, 24, 4],
  [undefined, 1, 2, 2],
  [undefined, 8, 4, 8],
  [3, 2, 24, 3],
])('threads: asked %p on %p CUDA devices with %p cores: %p', (asked, devices, cores, expected) => {
  expect(threadsFor(asked, devices, cores)).toBe(expected);
});

it.each([
  [{ signal: {} }, "Expected an AbortSignal for 'signal', received an object"],
  [{ signal: null }, "Expected an AbortSignal for 'signal', received null"],
  [{ timeoutMs: NaN }, "Expected a number of milliseconds above 0, at most 2147483647 for 'timeoutMs', received NaN"],
  [
    { timeoutMs: 2 ** 31 },
    "Expected a number of milliseconds above 0, at most 2147483647 for 'timeoutMs', received 2147483648",
  ],
  [{ rawScores: 1 }, "Expected a boolean for 'rawScores', received 1"],
  [{ details: 'yes' }, "Expected a boolean for 'details', received 'yes'"],
])('refuses %j for a call', (options, message) => {
  expect(() => checkRerankOptions(options as any)).toThrow(optionError(message, Object.keys(options)[0]!));
});

it.each([null, 'fast', 5, []])('refuses %j as options', (options) => {
  expect(() => checkRerankerOptions(options as any)).toThrow(/^Expected an object for 'options', received /);
  expect(() => checkRerankOptions(options as any)).toThrow(/^Expected an object for 'options', received /);
});

describe('maxLengthFor', () => {
  it.each([
    [undefined, 8192, 512],
    [undefined, 128, 128],
    [512, 512, 512],
    [1024, 8192, 1024],
  ])('asked %p of a model that takes %p: %p', (asked, limit, expected) => {
    expect(maxLengthFor(asked, limit)).toBe(expected);
  });

  it('refuses more than the model takes', () => {
    const message = "Expected an integer from 1 to 512 (what the model takes) for 'maxLength', received 513";
    expect(() => maxLengthFor(513, 512)).toThrow(optionError(message, 'maxLength'));
  });
});
