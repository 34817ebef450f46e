import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { minilmFolder, temporaryModel, type TemporaryModel } from '../support/models';
import { modelForAnyTokenizer } from '../support/onnx-model';
import { endOf, hasEnded, killRunning } from '../support/processes';
import { temporaryFolder } from '../support/temporary-folder';
import { until } from '../support/until';
import { runCli, spawnCli } from './run-cli';

const REQUEST = JSON.stringify({ query: 'tea', contexts: [{ text: 'a cup' }, { text: 'a bus' }] });
let model: TemporaryModel;
beforeAll(() => (model = temporaryModel({ 'model.onnx': modelForAnyTokenizer() })));
afterAll(() => model.remove());
afterEach(killRunning);

it('batch - - reads stdin and writes what a file would get', async () => {
  const folder = temporaryFolder();
  const [input, output] = [join(folder, 'in.jsonl'), join(folder, 'out.jsonl')];
  const lines = `${REQUEST}\nno JSON\n${REQUEST}`;
  writeFileSync(input, lines);
  expect(await runCli(['batch', input, output, '-m', model.folder])).toMatchObject({ code: 1 });
  const expected = readFileSync(output, 'utf8');
  expect(await runCli(['batch', '-', '-', '-m', model.folder], lines)).toMatchObject({ code: 1, stdout: expected });
  expect(await runCli(['batch', input, '-', '-m', model.folder])).toMatchObject({ code: 1, stdout: expected });
  const toFile = await runCli(['batch', '-', output, '-m', model.folder], lines);
  expect(toFile).toMatchObject({ code: 2, stderr: expect.stringContaining('batch - -') });
});

it('Ctrl-C says how to go on, and ends by the signal', async () => {
  const folder = temporaryFolder();
  const [input, output] = [join(folder, 'in.jsonl'), join(folder, 'out.jsonl')];
  const slow = JSON.stringify({
    query: 'q '.repeat(200),
    contexts: Array.from({ length: 50 }, (_, i) => ({ text: `t ${i}` })),
  });
  writeFileSync(input, Array.from({ length: 2000 }, () => slow).join('\n'));
  const child = spawnCli(['batch', input, output, '-m', minilmFolder(), '--threads', '1']);
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const written = () => {
    try {
      return readFileSync(output).length;
    } catch {
      return 0;
    }
  };
  await until('it writes', () => written() > 0 || hasEnded(child));
  child.kill('SIGINT');
  expect(await endOf(child)).toEqual({ code: null, signal: 'SIGINT' });
  expect(stderr).toMatch(/Stopped: run the same command again/);
});
