import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { CudaOptions, RerankerOptions, RerankInput } from '../../src/types';
import { temporaryModel, type TemporaryModel } from '../support/models';
import { sumModel } from '../support/onnx-model';
import { buildStub, rerankWithStub, stubEnvironment, type StubEvent } from './stub';

const INPUTS = { input_ids: 'int64', attention_mask: 'int32', token_type_ids: 'int64' } as const;
const query = 'how do rerankers order passages?';
const contexts = Array.from({ length: 40 }, (_, i) => ({
  text: `Passage ${i} ${'orders words by relevance '.repeat((i * 7) % 23)}`,
}));
const input = { query, contexts };

let model: TemporaryModel;
beforeAll(() => {
  buildStub();
  model = temporaryModel({ 'model.onnx': sumModel({ inputs: INPUTS, output: 'column' }) });
});
afterAll(() => model.remove());

const onCuda = (options: RerankerOptions = {}, settings: Record<string, string> = {}, call: RerankInput = input) =>
  rerankWithStub(model.folder, { executionProviders: ['cuda', 'cpu'], ...options }, call, settings);
const onCpu = () => rerankWithStub(model.folder, { threads: 1 }, input).logits;
const of = (events: StubEvent[], event: string, where: 'probe' | 'host' = 'host') =>
  events.filter((entry) => entry.event === event && entry.in === where);

describe('a CUDA session', () => {
  test('gets the options, in the test process and in this one; without any, TF32 is off', () => {
    const cuda: CudaOptions = {
      deviceIds: [3],
      memoryLimitBytes: 2 ** 33,
      arenaExtendStrategy: 'kSameAsRequested',
      tf32: true,
    };
    const { events } = onCuda({ cuda });
    const exactly = {
      device_id: '3',
      gpu_mem_limit: '8589934592',
      arena_extend_strategy: 'kSameAsRequested',
      use_tf32: '1',
    };
    expect(of(events, 'append', 'probe').map(({ options }) => options)).toEqual([exactly]);
    expect(of(events, 'append').map(({ options }) => options)).toEqual([exactly]);

    const defaults = onCuda();
    expect(of(defaults.events, 'append').map(({ options }) => options)).toEqual([
      { device_id: '0', arena_extend_strategy: 'kNextPowerOfTwo', use_tf32: '0' },
    ]);
    expect(defaults.info?.provider).toEqual({
      asked: ['cuda', 'cpu'],
      got: 'cuda',
      reason: 'cuda is the first of the providers asked for',
      deviceIds: [0],
    });
  });

  test('gets those of the command line', () => {
    const { env, events } = stubEnvironment();
    const cuda = ['--provider', 'cuda', 'cpu', '--cuda-devices', '3', '--cuda-memory-limit', '8589934592'];
    const main = join(__dirname, '..', '..', 'dist', 'cli', 'main.js');
    const args = [main, 'rank', '-m', model.folder, '--json', ...cuda, '--', query];
    const output = execFileSync(process.execPath, args, { env, input: 'a passage', encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual({ response: [{ id: 0, score: expect.any(Number) as number }] });
    expect(of(events(), 'append').map(({ options }) => options)).toEqual([
      {
        device_id: '3',
        gpu_mem_limit: '8589934592',
        arena_extend_strategy: 'kNextPowerOfTwo',
        use_tf32: '0',
      },
    ]);
  });

  test('on several devices: one session each, with workers on all of them', () => {
    const many = { query, contexts: Array.from({ length: 400 }, (_, i) => ({ text: `${i} ${'word '.repeat(30)}` })) };
    const cuda = { deviceIds: [1, 0], maxBatchTokens: 64 };
    const { info, events } = onCuda({ threads: 4, cuda }, { STUB_DEVICES: '2' }, many);
    expect(of(events, 'session').map(({ device }) => device)).toEqual([1, 0]);
    expect(info?.provider.deviceIds).toEqual([1, 0]);
    expect(new Set(of(events, 'run').map(({ device }) => device))).toEqual(new Set([0, 1]));
    expect(new Set(of(events, 'pinned').map(({ device }) => device))).toEqual(new Set([0, 1]));
  });

  test('runs padded batches within maxBatchTokens, with the scores of the CPU', () => {
    const cuda = { maxBatchTokens: 600 };
    const { logits, batches, scoredPairs, events } = onCuda({ threads: 1, cuda });
    expect(logits).toEqual(onCpu());
    const shapes = of(events, 'bind').flatMap(({ name, shape }) => (name === 'input_ids' && shape ? [shape] : []));
    expect(shapes).toHaveLength(batches ?? NaN);
    expect(shapes.reduce((sum, [rows]) => sum + rows, 0)).toBe(scoredPairs);
    for (const [rows, tokens] of shapes) expect(rows === 1 || rows * tokens <= 600).toBe(true);
    expect(Math.max(...shapes.map(([rows]) => rows))).toBeGreaterThan(4);
    // Sorted, so that neighbours are of similar length.
    const longest = shapes.map(([, tokens]) => tokens);
    expect(longest).toEqual(longest.toSorted((a, b) => b - a));
  });

  test('reads inputs from page-locked memory that is kept, and waits for the copies', () => {
    const { events } = onCuda({ threads: 1, cuda: { maxBatchTokens: 600 } });
    const order = events
      .filter((entry) => entry.in === 'host' && /^(bind|inputs-ready|output|run|outputs-ready)$/.test(entry.event))
      .map(({ event }) => event);
    const oneRun = ['bind', 'bind', 'bind', 'inputs-ready', 'output', 'run', 'outputs-ready'];
    const runs = of(events, 'run').length;
    expect(order).toEqual(Array.from({ length: runs }, () => oneRun).flat());
    expect(of(events, 'output').every(({ memory }) => memory === 'Cpu')).toBe(true);
    // A buffer an input, which grows by doubling at least.
    expect(of(events, 'pinned').length).toBeLessThan(3 * runs);
    expect(of(events, 'released').map(({ blocks }) => blocks)).toEqual([0]);
  });

  test('finds page-locked memory where older runtimes keep it', () => {
    const { logits, events } = onCuda({ cuda: { deviceIds: [2] } }, { STUB_PINNED_DEVICE: '0' });
    expect(logits).toEqual(onCpu());
    expect(new Set(of(events, 'pinned').map(({ device }) => device))).toEqual(new Set([0]));
  });
});

test('without page-locked memory it runs all the same', () => {
  const { logits, events } = onCuda({}, { STUB_PINNED_DEVICE: 'none' });
  expect(logits).toEqual(onCpu());
  expect(of(events, 'run').length).toBeGreaterThan(0);
  expect(of(events, 'pinned')).toEqual([]);
});

describe('what does not work is told with its remedy, and the CPU takes over', () => {
  test.each([
    [
      'log:libcublasLt.so.13: cannot open shared object file: No such file or directory',
      'libcublasLt.so.13 is missing; install CUDA 13 and put its library folder on LD_LIBRARY_PATH',
    ],
    [
      'session:CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=0',
      'the NVIDIA driver is too old for the CUDA that this ONNX Runtime uses; update the driver, or use an ONNX Runtime for an older CUDA',
    ],
    ['append:strange things', 'strange things; see docs/platforms.md'],
    ['abort', 'the CUDA libraries or the driver ended a test process (SIGABRT); install those that fit together'],
  ])('%s', (failure, words) => {
    const { info, logits, events } = onCuda({}, { STUB_FAILURE: failure });
    expect(info?.provider).toEqual({ asked: ['cuda', 'cpu'], got: 'cpu', reason: `cuda cannot be used: ${words}` });
    expect(logits).toEqual(onCpu());
    expect(events.filter((entry) => entry.in === 'host')).toEqual([]);
  });

  test('without the CPU in the list it is PROVIDER_UNAVAILABLE', () => {
    const { error } = onCuda({ executionProviders: ['cuda'] }, { STUB_FAILURE: 'abort' });
    expect(error?.code).toBe('PROVIDER_UNAVAILABLE');
    expect(error?.message).toMatch(/SIGABRT.*add 'cpu' to executionProviders$/);
  });

  test('also when only the model itself cannot be loaded there', () => {
    const settings = { STUB_FAILURE: 'session:CUDA failure 2: out of memory ; GPU=0', STUB_FAILURE_IN: 'host' };
    const { info, logits } = onCuda({}, settings);
    expect(info?.provider).toEqual({
      asked: ['cuda', 'cpu'],
      got: 'cpu',
      reason: "cuda cannot be used: the GPU's memory does not suffice; free some, or raise cuda.memoryLimitBytes",
    });
    expect(logits).toEqual(onCpu());
  });
});
