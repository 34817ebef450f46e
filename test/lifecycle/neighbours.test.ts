import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { minilmFolder, minilmOnOnnxRuntime } from '../support/models';

function run(script: string, folder = minilmFolder(), ...args: string[]) {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(__dirname, script), ...args, folder],
    { encoding: 'utf8', timeout: 240_000, killSignal: 'SIGKILL' },
  );
  return { status, signal, stdout, stderr };
}

const clean = (stdout: string) => ({ status: 0, signal: null, stdout, stderr: '' });

describe('in one process with others', () => {
  test('worker_threads that are terminated while they load and rerank leave the main thread right', () => {
    expect(run('worker-child.cjs')).toEqual(clean('same scores\n'));
  });

  test('worker_threads that are terminated inside a call of the addon do not end the process', () => {
    expect(run('terminated-child.cjs')).toEqual(clean('still here\n'));
  }, 150_000);

  test.each(['ours-first', 'theirs-first'])('two Rerankers beside onnxruntime-node, %s', (order) => {
    expect(run('beside-child.cjs', minilmOnOnnxRuntime(), order)).toEqual(clean('agree\n'));
  });
});
