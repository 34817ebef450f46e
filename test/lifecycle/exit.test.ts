import { spawn } from 'node:child_process';
import path from 'node:path';
import { minilmOnOnnxRuntime } from '../support/models';

const STAGES = ['required', 'loading', 'loaded', 'running', 'splitting', 'collected', 'closing', 'closed'] as const;

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

function runChild(stage: string, ending: string): Promise<Ended> {
  const child = spawn(
    process.execPath,
    ['--expose-gc', path.join(__dirname, 'child.cjs'), stage, ending, minilmOnOnnxRuntime()],
    { stdio: ['ignore', 'pipe', 'pipe'], timeout: 240_000, killSignal: 'SIGKILL' },
  );
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...output }));
  });
}

describe('a process ends as it should at every stage', () => {
  test.each(STAGES)('%s, then nothing more to do', async (stage) => {
    const { code, signal, stdout, stderr } = await runChild(stage, 'return');
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    // Work that somebody waits for keeps the process alive until it is done.
    expect(stdout).toBe(
      {
        running: 'answered 40\n',
        splitting: 'answered 1\n',
        closing: 'answered 40\nclosed\n',
        closed: 'closed\n',
      }[stage as string] ?? '',
    );
  });

  test.each(STAGES)('%s, then process.exit(7)', async (stage) => {
    const { code, signal, stderr } = await runChild(stage, 'exit');
    expect({ code, signal, stderr }).toEqual({ code: 7, signal: null, stderr: '' });
  });

  test.each(STAGES)('%s, then an uncaught throw', async (stage) => {
    const { code, signal, stderr } = await runChild(stage, 'throw');
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(stderr).toContain('thrown on purpose');
    expect(stderr).not.toMatch(/terminate called|Abort|core dumped|Segmentation|FATAL/i);
  });

  test.each(STAGES)('%s, then SIGTERM', async (stage) => {
    const { signal, stderr } = await runChild(stage, 'sigterm');
    expect({ signal, stderr }).toEqual({ signal: 'SIGTERM', stderr: '' });
  });
});
