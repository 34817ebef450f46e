import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { temporaryModel, type TemporaryModel } from '../support/models';
import { sumModel } from '../support/onnx-model';
import { buildStub, stubEnvironment } from './stub';

const script = join(__dirname, '..', '..', 'scripts', 'gpu', 'gpu-check.sh');
const inputs = { input_ids: 'int64', attention_mask: 'int64' } as const;

let model: TemporaryModel;
let tools: string;
beforeAll(() => {
  buildStub();
  model = temporaryModel({ 'model.onnx': sumModel({ inputs, output: 'column', divisor: 100_000 }) });
  writeFileSync(
    join(model.folder, 'model_fp16.onnx'),
    sumModel({ inputs, output: 'column', divisor: 100_000, precision: 'float16' }),
  );
  tools = mkdtempSync(join(tmpdir(), 'bge-nvidia-'));
  writeFileSync(join(tools, 'nvidia-smi'), '#!/bin/sh\necho "A Stand-in, 1.2.3, 1 MiB"\n');
  chmodSync(join(tools, 'nvidia-smi'), 0o755);
});
afterAll(() => {
  model.remove();
  rmSync(tools, { recursive: true });
});

function gpuCheck(settings: Record<string, string> = {}) {
  const { env, events } = stubEnvironment({ PATH: [tools, process.env['PATH']].join(delimiter), ...settings });
  const sizes = ['--lengths', '16,32', '--budgets', '128,256', '--pairs', '12', '--devices', '0,1'];
  const { status, stdout, stderr } = spawnSync(script, [model.folder, '--dtypes', 'fp32,fp16', ...sizes], {
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr, events: events() };
}

test('names the card, compares with the CPU, and fills a table for every length and budget', () => {
  const { status, stdout, stderr, events } = gpuCheck();
  expect(stderr).toBe('');
  const lines = stdout.trim().split('\n');
  expect(lines[0]).toBe('A Stand-in, 1.2.3, 1 MiB');
  expect(stdout).toMatch(/^fp32: largest difference of 128 logits 0\.00e\+0$/m);
  expect(stdout).toMatch(/^fp16: largest difference of 128 logits \d\.\d\de-\d$/m);
  const rows = lines.filter((line) => /^\| .* \| \d+ \| \d+ \| \d+ \|$/.test(line));
  expect(rows.map((line) => line.split(' | ').slice(0, 2))).toEqual(
    ['fp32', 'fp32, TF32', 'fp16'].flatMap((name) => ['128', '256'].map((budget) => [`| ${name}`, budget])),
  );
  expect(status).toBe(0);
  const tf32 = events.filter(({ event }) => event === 'append').map(({ options }) => options?.['use_tf32']);
  expect(new Set(tf32)).toEqual(new Set(['0', '1']));
});

test('fails, with the reason, where CUDA does not work', () => {
  const { status, stderr } = gpuCheck({ STUB_FAILURE: 'session:CUDA failure 100: no CUDA-capable device is detected' });
  expect(status).not.toBe(0);
  expect(stderr).toContain('there is no CUDA device to see; check nvidia-smi');
});

test('without a library it says how it is called', () => {
  const { status, stderr } = gpuCheck({ ONNXRUNTIME_LIBRARY: '' });
  expect([status, stderr.split('\n')[0]]).toEqual([
    2,
    expect.stringContaining('scripts/gpu/gpu-check.sh MODEL_FOLDER'),
  ]);
});
