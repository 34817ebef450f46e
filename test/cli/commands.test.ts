import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reranker, type RerankOutput } from '../../src';
import { COMMIT, FakeHub, fakeModel } from '../hub/fake-hub';
import { folderWith } from '../models/model-folder';
import { minilmFolder, minilmOnOnnxRuntime, temporaryModel } from '../support/models';
import { modelForAnyTokenizer } from '../support/onnx-model';
import { endOf, hasEnded, killRunning } from '../support/processes';
import { tinyBert, tinyBertConfig } from '../support/tiny-bert';
import { temporaryFolder } from '../support/temporary-folder';
import { until } from '../support/until';
import { runCli, spawnCli } from './run-cli';

const QUERY = 'why is the sky blue';
const PASSAGES = ['The sea is cold.', 'Rayleigh scattering makes the sky blue.', 'Blue paint is dear.'];
const MODEL = ['-m', minilmFolder(), '--threads', '1'];

let expected: RerankOutput;
beforeAll(async () => {
  const reranker = await Reranker.load(minilmFolder(), { threads: 1 });
  expected = await reranker.rerank({ query: QUERY, contexts: PASSAGES.map((text) => ({ text })) });
  await reranker.close();
});

afterEach(killRunning);

describe('rank', () => {
  it('prints score, number and passage; nothing else on stdout', async () => {
    const { code, stdout, stderr } = await runCli(['rank', QUERY, ...MODEL], PASSAGES.join('\n'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(expected.response.map(({ id, score }) => `${score}\t${id}\t${PASSAGES[id]!}\n`).join(''));
  });

  it('--json is the output of the library; JSON lines, blank lines and \\r\\n in', async () => {
    const lines = PASSAGES.map((text) => JSON.stringify({ text, other: 1 }));
    const { stdout } = await runCli(['rank', '--json', QUERY, ...MODEL], `\n${lines.join('\r\n\r\n')}\n`);
    expect(stdout).toBe(`${JSON.stringify(expected)}\n`);
  });

  it('--top-k, --raw-scores, a file, the model from the environment', async () => {
    const file = join(temporaryFolder(), 'passages.txt');
    writeFileSync(file, PASSAGES.join('\n'));
    const args = ['rank', '--json', '--raw-scores', '-k', '1', QUERY, file];
    const { stdout } = await runCli(args, '', { BGE_RERANKER_MODEL: minilmFolder() });
    const { response } = JSON.parse(stdout) as RerankOutput;
    expect(response).toHaveLength(1);
    expect(response[0]!.id).toBe(1);
    expect(1 / (1 + Math.exp(-response[0]!.score))).toBeCloseTo(expected.response[0]!.score, 12);
  });

  it('no passages: no output', async () => {
    expect(await runCli(['rank', QUERY, ...MODEL], '\n')).toMatchObject({ code: 0, stdout: '' });
    expect(await runCli(['rank', '--json', QUERY, ...MODEL])).toMatchObject({ code: 0, stdout: '{"response":[]}\n' });
  });

  it.each(['-v', '--verbose'])('%s says on stderr what runs the model and why', async (flag) => {
    const { stdout, stderr } = await runCli(['rank', QUERY, flag, ...MODEL], PASSAGES.join('\n'), {
      BGE_RERANKER_ISA: 'avx2',
    });
    expect(stderr).toBe(
      'int8 on own kernels (avx2): int8 on our own kernels, made from the int8 weights of model.onnx\n',
    );
    expect(stdout.split('\n')).toHaveLength(PASSAGES.length + 1);
  });

  it('a reader that goes away is no failure', () => {
    const many = Array.from({ length: 3000 }, (_, i) => `passage ${i}`).join('\n');
    const model = temporaryModel({ 'model.onnx': modelForAnyTokenizer() });
    const main = join(__dirname, '..', '..', 'dist', 'cli', 'main.js');
    const { stderr, stdout } = spawnSync(
      'sh',
      ['-c', `"${process.execPath}" "${main}" rank q -m "${model.folder}" | head -1`],
      {
        input: many,
        encoding: 'utf8',
      },
    );
    model.remove();
    expect({ stderr, lines: stdout.split('\n').length }).toEqual({ stderr: '', lines: 2 });
  });
});

describe('errors', () => {
  it.each<[string, string[], number, RegExp]>([
    ['no command', [], 2, /Usage:/],
    ['an unknown command', ['rerank'], 2, /unknown command 'rerank'/],
    ['a missing argument', ['rank'], 2, /missing required argument 'query'/],
    ['a bad option', ['rank', 'q', '--top-k', '0'], 2, /must be an integer of 1 or more/],
    ['a bad dtype', ['rank', 'q', '--dtype', 'fp8'], 2, /Allowed choices are auto, fp32, fp16, bf16, int8/],
    ['an absent file', ['rank', 'q', '/no/such', ...MODEL], 2, /\/no\/such cannot be read \(ENOENT\); check the path/],
    ['an absent folder', ['rank', 'q', '-m', '/no/such'], 3, /MODEL_NOT_FOUND/],
    ['offline', ['pull', 'owner/absent'], 3, /OFFLINE/],
    ['no credentials', ['verify', '--live', ...MODEL], 2, /CLOUDFLARE_ACCOUNT_ID/],
    ['an empty query', ['rank', '', ...MODEL], 2, /Length of '\/query' must be >= 1/],
  ])('%s', async (_, args, code, words) => {
    const result = await runCli(args, 'a passage', { HF_HUB_OFFLINE: '1', CLOUDFLARE_ACCOUNT_ID: '' });
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toMatch(words);
    expect(result.stderr).not.toMatch(/\n {4}at /);
  });

  it('no runtime: exit code 4; --verbose adds the stack', async () => {
    const args = ['rank', 'q', '--verbose', '-m', minilmOnOnnxRuntime()];
    const result = await runCli(args, 'x', { ONNXRUNTIME_LIBRARY: '/no/such.so' });
    expect(result.code).toBe(4);
    expect(result.stderr).toMatch(/RUNTIME_NOT_FOUND[\s\S]*\n {4}at /);
  });

  it('line 2 of JSON lines without a text', async () => {
    const { code, stderr } = await runCli(['rank', 'q', ...MODEL], '{"text":"a"}\nb');
    expect(code).toBe(2);
    expect(stderr).toMatch(/Line 2 is not a JSON object/);
  });
});

describe('pull, then everything is offline', () => {
  it('by hub name, from the hub to the same scores', async () => {
    const files = ['config.json', 'tokenizer.json', 'model.onnx'].map(
      (name) => [name, { content: readFileSync(join(minilmFolder(), name)), lfs: name !== 'config.json' }] as const,
    );
    const hub = await new FakeHub('owner/model', Object.fromEntries(files)).start();
    const cache = temporaryFolder();
    const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: cache };
    const dry = await runCli(['pull', 'owner/model', '--dry-run'], '', env);
    expect(dry.stdout).toMatch(/^owner\/model@a{12}: int8 on our own kernels, made from model\.onnx\n/);
    expect(dry.stdout).toMatch(/^here +.* config\.json\n.*\nto fetch +.* MB {2}model\.onnx\n$/m);
    const pulled = await runCli(['pull', 'owner/model'], '', env);
    await hub.stop();
    const folder = join(cache, 'models--owner--model', 'snapshots', COMMIT);
    expect(pulled).toMatchObject({ code: 0, stdout: `${folder}\n` });
    expect(pulled.stderr).toMatch(/3 files, .* MB, checked/);
    const args = ['rank', '--json', QUERY, '-m', 'owner/model', '--threads', '1'];
    for (const more of [{}, { HF_HUB_OFFLINE: '1' }]) {
      const { stdout } = await runCli(args, PASSAGES.join('\n'), { ...env, ...more });
      expect(stdout).toBe(`${JSON.stringify(expected)}\n`);
    }
  });

  it('one safetensors file serves every dtype on our own kernels', async () => {
    const lfs = (content: Buffer) => ({ content, lfs: true });
    const hub = await new FakeHub('owner/model', {
      'config.json': lfs(Buffer.from(tinyBertConfig())),
      'tokenizer.json': lfs(readFileSync(join(minilmFolder(), 'tokenizer.json'))),
      'model.safetensors': lfs(tinyBert()),
      'onnx/model_quantized.onnx': lfs(Buffer.from('not fetched')),
    }).start();
    const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: temporaryFolder() };
    const pulled = await runCli(['pull', 'owner/model', '--dtype', 'int8'], '', env);
    await hub.stop();
    expect(pulled.stderr).toMatch(/3 files, .* checked/);
    for (const dtype of ['auto', 'int8', 'bf16', 'fp32']) {
      const args = ['rank', QUERY, '-m', 'owner/model', '--dtype', dtype, '--threads', '1'];
      const { code, stdout } = await runCli(args, PASSAGES.join('\n'), { ...env, HF_HUB_OFFLINE: '1' });
      expect({ code, lines: stdout.trimEnd().split('\n').length }).toEqual({ code: 0, lines: PASSAGES.length });
    }
  });
});

it('models lists the family and what is here', async () => {
  const { stdout } = await runCli(['models', '--json'], '', { HF_HUB_CACHE: '/no/such' });
  const models = JSON.parse(stdout) as { name: string; aliases: string[]; local: string[] }[];
  const base = models.find(({ name }) => name === 'BAAI/bge-reranker-base');
  expect(base?.aliases).toContain('@cf/baai/bge-reranker-base');
  const table = (await runCli(['models'])).stdout.trimEnd().split('\n');
  expect(table).toHaveLength(models.length + 1);
});

it('doctor: 0 for a sound model, 1 for a broken one', async () => {
  const sound = await runCli(['doctor', minilmFolder(), '--threads', '1']);
  expect(sound).toMatchObject({ code: 0, stderr: '' });
  expect(sound.stdout).toMatch(/MEMORY_ESTIMATE/);
  expect(sound.stdout).toMatch(/\nIt fits: the model runs on this machine as it is\.\n$/);
  expect(sound.stdout).not.toMatch(/Nothing to do/);
  const broken = temporaryModel({ 'model.onnx': 'not a model' });
  const result = await runCli(['doctor', '--json', broken.folder]);
  broken.remove();
  expect(result.code).toBe(1);
  expect((JSON.parse(result.stdout) as { findings: { code: string }[] }).findings[0]!.code).toBe('LOAD_FAILED');
});

it('--weight-cache: the first load keeps the weights, the next maps them, to the same bits', async () => {
  const env = { BGE_RERANKER_CACHE: temporaryFolder() };
  const args = ['rank', '--json', QUERY, '--weight-cache', ...MODEL];
  for (const round of [1, 2]) {
    const { code, stdout } = await runCli(args, PASSAGES.join('\n'), env);
    expect({ round, code, stdout }).toEqual({ round, code: 0, stdout: `${JSON.stringify(expected)}\n` });
    const kept = readdirSync(join(env.BGE_RERANKER_CACHE, 'weights'));
    expect(kept).toEqual([expect.stringMatching(/^[0-9a-f]{16}\.weights$/)]);
  }
});

it('while the hub is asked again, the user hears why', async () => {
  const hub = await new FakeHub('owner/model', fakeModel(1000)).start();
  hub.listFaults.push({ kind: 'status', status: 503 });
  hub.faults.push({ kind: 'status', status: 429, headers: { 'retry-after': '1' } });
  const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: temporaryFolder() };
  const { code, stderr } = await runCli(['pull', 'owner/model'], '', env);
  await hub.stop();
  expect(code).toBe(0);
  const [first, second] = stderr.split('\n');
  expect(first).toMatch(/^owner\/model: http:\S+ answered 503; attempt 2 of 6 in 0\.\d s$/);
  expect(second).toMatch(/^[\w./]+: http:\S+ answered 429; attempt 2 of 6 in 1\.0 s$/);
});

it('bench measures', async () => {
  const { code, stdout } = await runCli(['bench', '--json', '--seconds', '1', '--candidates', '2', ...MODEL]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ dtype: 'int8', candidates: 2, threads: 1 });
});

it('bench says what runs the model and why', async () => {
  const { stdout } = await runCli(['bench', '--seconds', '1', '--candidates', '1', ...MODEL]);
  expect(stdout).toMatch(/^int8 on own kernels \(\S+\): int8 on our own kernels, made from /m);
});

it('bench --dtypes measures what the model can be run as, and says which is faster than auto', async () => {
  const tokenizer = readFileSync(join(minilmFolder(), 'tokenizer.json'));
  const tiny = folderWith({
    'model.safetensors': tinyBert(),
    'config.json': tinyBertConfig(),
    'tokenizer.json': tokenizer,
  });
  const args = ['bench', '--dtypes', '--seconds', '1', '--candidates', '2', '-m', tiny];
  const text = await runCli(args, '', { BGE_RERANKER_ISA: 'avx2' });
  const json = await runCli([...args, '--json']);
  expect({ code: text.code, stderr: text.stderr }).toEqual({ code: 0, stderr: '' });
  expect(text.stdout).toMatch(/^auto: int8 on own kernels \(avx2\): /);
  expect(text.stdout).toMatch(/^fp16: .* has no weights that can run as fp16/m);
  expect(text.stdout).toMatch(
    /^bf16 on own kernels .*; fp32 is faster on this processor, which has no instructions for bf16$/m,
  );
  expect(text.stdout).toMatch(/aster here than int8, which 'auto' takes/);
  expect((JSON.parse(json.stdout) as { dtype: string }[]).map(({ dtype }) => dtype)).toEqual(['int8', 'bf16', 'fp32']);
});

it('completion completes the words that an option takes', async () => {
  const { stdout } = await runCli(['completion', 'bash']);
  const complete = (words: string[]) =>
    spawnSync(
      'bash',
      [
        '--norc',
        '-c',
        `${stdout}\nCOMP_WORDS=(${words.join(' ')} ''); COMP_CWORD=${words.length}; _bge_reranker; echo "\${COMPREPLY[*]}"`,
      ],
      { encoding: 'utf8' },
    ).stdout.trim();
  if (spawnSync('bash', ['--version']).error) return;
  expect(complete(['bge-reranker', 'rank', '--dtype'])).toBe('auto fp32 fp16 bf16 int8');
  expect(complete(['bge-reranker', 'rank', '-d'])).toBe('auto fp32 fp16 bf16 int8');
  expect(complete(['bge-reranker', 'serve', '--log-level'])).toBe('error warn info debug silent');
});

it('objects without text are not ranked as their JSON, and an empty input says so', async () => {
  const objects = await runCli(['rank', QUERY, ...MODEL], '{"title": "a"}\n{"title": "b"}\n');
  expect(objects).toMatchObject({ code: 2, stdout: '' });
  expect(objects.stderr).toMatch(/Line 1 is a JSON object without a string 'text'; name the passage 'text'/);
  expect((await runCli(['rank', QUERY, ...MODEL], '\n')).stderr).toBe('stdin holds no passages: give one a line\n');
});

it.each(['bash', 'zsh', 'fish'])('completion for %s names every command', async (shell) => {
  const { stdout } = await runCli(['completion', shell]);
  for (const name of ['rank', 'batch', 'pull', 'models', 'doctor', 'verify', 'bench', 'serve']) {
    expect(stdout).toContain(name);
  }
  if (spawnSync(shell, ['--version']).error) return; // the shell is not installed
  expect(spawnSync(shell, ['-n'], { input: stdout, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
});

it('serve answers and stops with 0 on SIGTERM', async () => {
  const child = spawnCli(['serve', '--port', '0', ...MODEL]);
  let log = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (log += text));
  await until('the server listens', () => /"listening".*\n/.test(log) || hasEnded(child));
  const { url } = JSON.parse(log.split('\n').find((line) => line.includes('"listening"'))!) as { url: string };
  const body = JSON.stringify({ query: QUERY, texts: PASSAGES });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/rerank`, { method: 'POST', headers, body });
  expect((await response.json()) as object).toEqual(
    expected.response.map(({ id, score }) => ({ index: id, score: expect.closeTo(score, 6) })),
  );
  child.kill('SIGTERM');
  expect(await endOf(child)).toEqual({ code: 0, signal: null });
});

it('the main entry loads none of the command line, HTTP client or server', () => {
  const script = `
    require(${JSON.stringify(join(__dirname, '..', '..', 'dist', 'index.js'))});
    console.log(Object.keys(require.cache).join('\\n'));`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  expect(stdout).toMatch(/dist.index\.js/);
  expect(stdout).not.toMatch(/undici|commander|cli-progress|proper-lockfile|picocolors|hono|pino|dist.cli|dist.server/);
});
