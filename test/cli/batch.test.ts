import { once } from 'node:events';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { readLines } from '../../src/cli/batch-lines';
import { temporaryModel, type TemporaryModel } from '../support/models';
import { modelForAnyTokenizer } from '../support/onnx-model';
import { temporaryFolder } from '../support/temporary-folder';
import { runCli, spawnCli } from './run-cli';

const KILLS = 20;
const REQUESTS = 2000;
const CONTEXTS = 10;

let folder: string;
let model: TemporaryModel;
const file = (name: string) => join(folder, name);

beforeAll(() => {
  // Its logits are sums of token ids: quick, and different for each pair.
  model = temporaryModel({ 'model.onnx': modelForAnyTokenizer() });
});
afterAll(() => model.remove());
beforeEach(() => (folder = temporaryFolder()));

const batch = (...rest: string[]) => [
  'batch',
  file('in.jsonl'),
  file('out.jsonl'),
  '-m',
  model.folder,
  '--raw-scores',
  ...rest,
];

function request(i: number, contexts = CONTEXTS) {
  const texts = Array.from({ length: contexts }, (_, j) => ({
    text: `passage ${i * 7919 + j * 104_729} of request ${i}`,
  }));
  return { query: `query ${i}`, contexts: texts };
}

/** 20,000 pairs, with what a real file has besides: blank lines, broken ones, \r\n, no newline at the end. */
function writeInput(): void {
  const lines = Array.from({ length: REQUESTS }, (_, i) => JSON.stringify(request(i)));
  lines[100] = '{"query": "no contexts"}';
  lines[500] = 'not JSON';
  lines[900] = `${lines[900]!}\r`;
  lines[1200] = ` \n\n${lines[1200]!}`;
  writeFileSync(file('in.jsonl'), lines.join('\n'));
}

function outputSize(): number {
  return existsSync(file('out.jsonl')) ? statSync(file('out.jsonl')).size : 0;
}

/** As the holder of a lock does. */
function touching(lock: string): NodeJS.Timeout {
  return setInterval(() => {
    if (existsSync(lock)) utimesSync(lock, new Date(), new Date());
  }, 500);
}

it(`killed ${KILLS} times, the output is that of an uninterrupted run, byte for byte`, async () => {
  writeInput();
  const whole = await runCli(batch());
  expect(whole).toMatchObject({ code: 1, stdout: '' });
  const expected = readFileSync(file('out.jsonl'), 'utf8');
  const answers = expected
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(answers).toHaveLength(REQUESTS);
  expect(answers.filter((answer) => 'response' in answer)).toHaveLength(REQUESTS - 2);
  expect(answers[100]).toMatchObject({
    error: { code: 'INVALID_INPUT', message: expect.stringContaining('required properties') },
  });
  expect(answers[500]).toEqual({ error: { code: 'INVALID_INPUT', message: 'The line is not JSON' } });

  writeFileSync(file('out.jsonl'), '');
  let killed = 0;
  for (let i = 0; i < KILLS; i++) {
    const goal = outputSize() + Math.random() * (expected.length / (KILLS * 3));
    const child = spawnCli(batch(), { stdio: 'ignore' });
    const exit = once(child, 'exit');
    while (outputSize() < goal && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 1));
    child.kill('SIGKILL');
    if ((await exit)[1] === 'SIGKILL') killed += 1;
    const soFar = readFileSync(file('out.jsonl'), 'utf8');
    expect(expected.startsWith(soFar)).toBe(true);
  }
  expect(killed).toBe(KILLS);
  expect(outputSize()).toBeLessThan(expected.length);
  const last = await runCli(batch());
  expect(last).toMatchObject({ code: 1, stdout: '' });
  expect(last.stderr).toMatch(/of an earlier run/);
  expect(readFileSync(file('out.jsonl'), 'utf8')).toBe(expected);
  expect(existsSync(file('out.jsonl.batch.json'))).toBe(false);
}, 300_000);

it('goes on after a torn line', async () => {
  writeInput();
  await runCli(batch());
  const expected = readFileSync(file('out.jsonl'));
  const child = spawnCli(batch('--overwrite'), { stdio: 'ignore' });
  while (outputSize() === 0 || outputSize() === expected.length) await new Promise((resolve) => setTimeout(resolve, 1));
  child.kill('SIGKILL');
  await once(child, 'exit');
  writeFileSync(file('out.jsonl'), expected.subarray(0, 5000 + Math.floor(Math.random() * 5000)));
  await runCli(batch());
  expect(readFileSync(file('out.jsonl')).equals(expected)).toBe(true);
}, 60_000);

it('refuses to join answers of another model, option or input, and to overwrite unasked', async () => {
  writeFileSync(file('in.jsonl'), `${JSON.stringify(request(1))}\n`);
  expect((await runCli(batch())).code).toBe(0);
  const again = await runCli(batch());
  expect(again).toMatchObject({ code: 2 });
  expect(again.stderr).toMatch(/exists and is no unfinished batch; use --overwrite/);
  expect((await runCli(batch('--overwrite'))).code).toBe(0);

  const journal = { settings: { model: 'other' }, input: { headBytes: 1, headSha256: 'x' } };
  writeFileSync(file('out.jsonl.batch.json'), JSON.stringify(journal));
  const other = await runCli(batch());
  expect(other).toMatchObject({ code: 2 });
  expect(other.stderr).toMatch(/was begun with another input, model or option/);
}, 60_000);

it('a second run on one output is refused at once while the first is at it, and goes on when that one was killed', async () => {
  writeInput();
  const first = spawnCli(batch(), { stdio: 'ignore' });
  const exit = once(first, 'exit');
  while (outputSize() === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const second = await runCli(batch());
  expect(second).toMatchObject({ code: 2, stdout: '' });
  expect(second.stderr).toMatch(
    new RegExp(
      `out\\.jsonl is being written by another batch \\(process ${first.pid!}\\); wait for it or name another`,
    ),
  );
  expect(first.exitCode).toBeNull();
  first.kill('SIGKILL');
  await exit;
  // Kept fresh, so that only the holder's death can say that it is free.
  const touch = touching(file('out.jsonl.batch.lock'));
  expect(await runCli(batch())).toMatchObject({ code: 1, stdout: '' });
  clearInterval(touch);
  expect(readdirSync(folder).sort()).toEqual(['in.jsonl', 'out.jsonl']);
}, 60_000);

it('a run of another machine that was killed is waited for, not for long', async () => {
  writeFileSync(file('in.jsonl'), `${JSON.stringify(request(1))}\n`);
  mkdirSync(file('out.jsonl.batch.lock'));
  writeFileSync(file('out.jsonl.batch.lock.owner'), JSON.stringify({ pid: process.pid, space: 'elsewhere' }));
  expect(await runCli(batch())).toMatchObject({ code: 0 });
}, 60_000);

it('a run of another machine that lives is left alone', async () => {
  writeFileSync(file('in.jsonl'), `${JSON.stringify(request(1))}\n`);
  mkdirSync(file('out.jsonl.batch.lock'));
  const touch = touching(file('out.jsonl.batch.lock'));
  const { code, stderr } = await runCli(batch());
  clearInterval(touch);
  expect(code).toBe(2);
  expect(stderr).toMatch(/written by another batch \(a process of another machine or container\)/);
}, 60_000);

it('an output folder that is absent is told', async () => {
  writeFileSync(file('in.jsonl'), `${JSON.stringify(request(1))}\n`);
  const output = join(folder, 'no', 'out.jsonl');
  const { code, stderr } = await runCli(['batch', file('in.jsonl'), output, '-m', model.folder]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/out\.jsonl cannot be written \(ENOENT\); check the path/);
}, 10_000);

it('a run whose input is absent says so', async () => {
  const { code, stderr, stdout } = await runCli(batch());
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/in\.jsonl cannot be read \(ENOENT\); check the path/);
});

it('reads lines of any length across chunks, in bounded memory', async () => {
  const stream = createWriteStream(file('big'));
  const lengths: number[] = [];
  for (let i = 0; i < 400; i++) {
    const length = i % 100 === 0 ? 3_000_000 : (i * 7919) % 1000;
    if (length > 0) lengths.push(length);
    if (!stream.write('x'.repeat(length) + '\n')) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'close');
  const seen: number[] = [];
  let end = 0;
  for await (const line of readLines(file('big'))) {
    seen.push(line.bytes.length);
    end = line.end;
  }
  expect(seen).toEqual(lengths);
  expect(end).toBe(statSync(file('big')).size);
});
