import { once } from 'node:events';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { readLines } from '../../src/cli/batch-lines';
import { minilmFolder, temporaryModel, type TemporaryModel } from '../support/models';
import { modelForAnyTokenizer } from '../support/onnx-model';
import { endOf, hasEnded, killRunning } from '../support/processes';
import { temporaryFolder } from '../support/temporary-folder';
import { until } from '../support/until';
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
afterEach(killRunning);

const batchOf = (modelFolder: string, ...rest: string[]) => [
  'batch',
  file('in.jsonl'),
  file('out.jsonl'),
  '-m',
  modelFolder,
  '--raw-scores',
  ...rest,
];
const batch = (...rest: string[]) => batchOf(model.folder, ...rest);

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

/** Runs and is killed when the output has so many bytes, or soon after. */
async function killedRun(bytes: number): Promise<void> {
  const env = { ...process.env, KILL_WHEN: JSON.stringify({ file: file('out.jsonl'), bytes }) };
  const hook = ['--require', join(__dirname, 'kill-when.cjs')];
  const child = spawnCli(batch(), { stdio: 'ignore', env }, hook);
  expect(await endOf(child)).toEqual({ code: null, signal: 'SIGKILL' });
}

/** What the holder of a lock sees to, for the rest of the test: that it does not look stale. */
function keepFresh(lock: string): void {
  const later = new Date(Date.now() + 3_600_000);
  utimesSync(lock, later, later);
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
  for (let i = 0; i < KILLS; i++) {
    await killedRun(outputSize() + Math.random() * (expected.length / (KILLS * 3)));
    const soFar = readFileSync(file('out.jsonl'), 'utf8');
    expect(expected.startsWith(soFar)).toBe(true);
  }
  expect(outputSize()).toBeLessThan(expected.length);
  const last = await runCli(batch());
  expect(last).toMatchObject({ code: 1, stdout: '' });
  expect(last.stderr).toMatch(/of an earlier run/);
  expect(readFileSync(file('out.jsonl'), 'utf8')).toBe(expected);
  expect(existsSync(file('out.jsonl.batch.json'))).toBe(false);
});

it('goes on after a torn line', async () => {
  writeInput();
  await runCli(batch());
  const expected = readFileSync(file('out.jsonl'));
  rmSync(file('out.jsonl'));
  await killedRun(1);
  writeFileSync(file('out.jsonl'), expected.subarray(0, 5000 + Math.floor(Math.random() * 5000)));
  await runCli(batch());
  expect(readFileSync(file('out.jsonl')).equals(expected)).toBe(true);
});

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
});

/** Lines that are answered at once, longer than what tells one input from another, and then hours of work. */
function writeLongInput(): { quick: string } {
  const broken = Array.from({ length: 300 }, (_, i) => `not JSON ${i} ${'.'.repeat(300)}`).join('\n');
  const query = 'how do rerankers order passages by relevance? '.repeat(30);
  const slow = Array.from({ length: 4000 }, (_, i) => JSON.stringify({ ...request(i), query }));
  writeFileSync(file('in.jsonl'), [broken, ...slow].join('\n'));
  return { quick: broken };
}

it('a second run on one output is refused at once while the first is at it, and goes on when that one was killed', async () => {
  const { quick } = writeLongInput();
  const again = batchOf(minilmFolder(), '--threads', '1');
  const first = spawnCli(again, { stdio: 'ignore' });
  await until('the first run writes', () => outputSize() > 0 || hasEnded(first));
  const second = await runCli(again);
  expect(second).toMatchObject({ code: 2, stdout: '' });
  expect(second.stderr).toMatch(
    new RegExp(
      `out\\.jsonl is being written by another batch \\(process ${first.pid!}\\); wait for it or name another`,
    ),
  );
  expect(hasEnded(first)).toBe(false);
  first.kill('SIGKILL');
  await endOf(first);
  // So that only the holder's death can say that it is free.
  keepFresh(file('out.jsonl.batch.lock'));
  writeFileSync(file('in.jsonl'), quick);
  const third = await runCli(again);
  expect(third).toMatchObject({ code: 1, stdout: '' });
  expect(third.stderr).toMatch(/of an earlier run/);
  const answers = readFileSync(file('out.jsonl'), 'utf8').trimEnd().split('\n');
  const refusal = JSON.stringify({ error: { code: 'INVALID_INPUT', message: 'The line is not JSON' } });
  expect(answers.slice(0, 300)).toEqual(Array.from({ length: 300 }, () => refusal));
  expect(readdirSync(folder).sort()).toEqual(['in.jsonl', 'out.jsonl']);
});

it('a run of another machine that was killed is waited for, not for long', async () => {
  writeFileSync(file('in.jsonl'), `${JSON.stringify(request(1))}\n`);
  mkdirSync(file('out.jsonl.batch.lock'));
  writeFileSync(file('out.jsonl.batch.lock.owner'), JSON.stringify({ pid: process.pid, space: 'elsewhere' }));
  expect(await runCli(batch())).toMatchObject({ code: 0 });
});

it('a run of another machine that lives is left alone', async () => {
  writeFileSync(file('in.jsonl'), `${JSON.stringify(request(1))}\n`);
  mkdirSync(file('out.jsonl.batch.lock'));
  keepFresh(file('out.jsonl.batch.lock'));
  const { code, stderr } = await runCli(batch());
  expect(code).toBe(2);
  expect(stderr).toMatch(/written by another batch \(a process of another machine or container\)/);
});

it('an output folder that is absent is told', async () => {
  writeFileSync(file('in.jsonl'), `${JSON.stringify(request(1))}\n`);
  const output = join(folder, 'no', 'out.jsonl');
  const { code, stderr } = await runCli(['batch', file('in.jsonl'), output, '-m', model.folder]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/out\.jsonl cannot be written \(ENOENT\); check the path/);
});

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
