import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { until } from '../support/until';
import { buildStub, stubEnvironment } from './stub';

beforeAll(() => {
  buildStub();
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

type Reasons = [first: string | null, again: string | null];

function probe(settings: Record<string, string>, { limitMs = 30_000, where = 'main', flags = [] as string[] } = {}) {
  const { env, events } = stubEnvironment(settings);
  const args = [...flags, join(__dirname, 'probe-child.cjs'), String(limitMs), where];
  const { stdout: output } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  return { reasons: output === '' ? undefined : (JSON.parse(output) as Reasons), events: events() };
}

test('what works is tried once', () => {
  const { reasons, events } = probe({});
  expect(reasons).toEqual([null, null]);
  expect(events.map((entry) => [entry.in, entry.event])).toEqual([['probe', 'append']]);
});

test('also in a worker_thread', () => {
  expect(probe({}, { where: 'worker' }).reasons).toEqual([null, null]);
});

test('a provider that hangs is given up, and tried again the next time', () => {
  const words = 'the CUDA libraries or the driver did not answer within 0.5 s; restart the driver or the machine';
  const { reasons, events } = probe({ STUB_FAILURE: 'hang' }, { limitMs: 500 });
  expect(reasons).toEqual([words, words]);
  expect(events.length).toBeLessThanOrEqual(2);
});

test.each([
  ['ends with the process that started it', 'exit'],
  ['ends by itself when that was killed', 'killed'],
])('a test process that hangs %s', async (_, where) => {
  // On a slow machine the shorter limits may be over before the test process hangs.
  const limits = where === 'killed' ? [1_000, 8_000, 64_000] : [600_000];
  let hanging: number | undefined;
  for (const limitMs of limits) hanging ??= probe({ STUB_FAILURE: 'hang' }, { limitMs, where }).events[0]?.pid;
  expect(hanging).toEqual(expect.any(Number));
  await until('the test process is gone', () => !isRunning(hanging!));
});

test('what libraries print, and what NODE_OPTIONS asks for, is not in the way', () => {
  const noisy = { NODE_OPTIONS: `--require ${join(__dirname, 'noisy-hook.cjs')}` };
  expect(probe({ ...noisy, STUB_PRINTS: 'CUDA says hello' }).reasons).toEqual([null, null]);
});

test('where no process may be started, that is the reason', () => {
  const flags = ['--permission', '--allow-fs-read=*', '--allow-addons'];
  const supported = process.allowedNodeEnvironmentFlags.has('--permission');
  const [reason] = probe({}, { flags: supported ? flags : ['--experimental-permission', ...flags.slice(1)] })
    .reasons ?? [null];
  expect(reason).toMatch(/^no child process could be started to try it in \(.*\); allow it$/);
});

test('a process that is itself a test process starts no further one', () => {
  const { reasons, events } = probe({ BGE_RERANKER_CUDA_PROBE: '{}' });
  expect(reasons?.[0]).toBe('this process is itself a test of the CUDA provider');
  expect(events).toEqual([]);
});
