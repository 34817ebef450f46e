import { scanCacheDir } from '@huggingface/hub';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { repoCache } from '../../src/models/hub/cache';
import { redirectTarget } from '../../src/models/hub/http';
import { pull, pullFirst, type PullOptions } from '../../src/models/pull';
import { DEFAULT_POLICY } from '../../src/models/hub/retry';
import type { HubSettings } from '../../src/models/hub/settings';
import { temporaryFolder } from '../support/temporary-folder';
import { until } from '../support/until';
import { COMMIT, etagOf, FakeHub, fakeModel, type FakeFile } from './fake-hub';

const REPO = 'owner/model';
const NAME = { repo: REPO, revision: 'main' };
const POLICY = { ...DEFAULT_POLICY, pauseMs: 1, longestPauseMs: 2, lockStaleMs: 2000 };
const NEEDED = ['config.json', 'tokenizer.json', 'onnx/model.onnx_data', 'onnx/model.onnx'];

let hub: FakeHub;
let settings: HubSettings;

beforeEach(async () => {
  hub = await new FakeHub(REPO, fakeModel()).start();
  settings = {
    endpoint: hub.endpoint,
    token: undefined,
    offline: false,
    cacheFolder: temporaryFolder(),
  };
  hub.received = (file, bytes) => until('the client has what was sent', () => partialBytes(file) >= bytes);
});

afterEach(() => hub.stop());

/** Bytes of a file on the disk that is not complete yet. */
function partialBytes(file: FakeFile): number {
  const path = join(repoCache(settings.cacheFolder, REPO).blobs, `${etagOf(file)}.bge-reranker.incomplete`);
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

const get = (dtype: 'auto' | 'fp32' | 'int8' = 'auto') => pull(NAME, { dtype, settings, policy: POLICY });

function expectComplete(folder: string, files: Record<string, FakeFile> = hub.files): void {
  for (const name of NEEDED) expect(readFileSync(join(folder, name)).equals(files[name]!.content)).toBe(true);
}

function leftovers(): string[] {
  return readdirSync(settings.cacheFolder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /incomplete|\.(tmp|lock|owner|gate)$/.test(name),
  );
}

describe('what is fetched and where it lies', () => {
  it('the needed files only, each once, in the standard layout', async () => {
    const { folder, commit, files } = await get();
    expect(commit).toBe(COMMIT);
    expect(files.map(({ path }) => path)).toEqual(NEEDED);
    expectComplete(folder);
    const root = join(settings.cacheFolder, 'models--owner--model');
    expect(folder).toBe(join(root, 'snapshots', COMMIT));
    expect(readFileSync(join(root, 'refs/main'), 'utf8')).toBe(COMMIT);
    const link = readlinkSync(join(folder, 'onnx/model.onnx'));
    expect(link).toBe(`../../../blobs/${etagOf(hub.files['onnx/model.onnx']!)}`);
    expect(readdirSync(join(root, 'blobs')).sort()).toEqual(NEEDED.map((name) => etagOf(hub.files[name]!)).sort());
    expect(leftovers()).toEqual([]);
    for (const name of NEEDED) expect(hub.downloads(name)).toHaveLength(1);
  });

  it("the hub's own client reads the cache", async () => {
    await get();
    const { repos, warnings } = await scanCacheDir(settings.cacheFolder);
    expect(warnings).toEqual([]);
    expect(repos).toHaveLength(1);
    expect(repos[0]!.id).toEqual({ name: REPO, type: 'model' });
    expect(repos[0]!.revisions[0]).toMatchObject({ commitOid: COMMIT, refs: ['main'] });
  });

  it('a second pull asks for the list alone', async () => {
    await get();
    hub.seen.length = 0;
    await get();
    expect(hub.seen).toHaveLength(1);
  });

  it('a pinned commit writes no ref', async () => {
    await pull({ repo: REPO, revision: COMMIT }, { dtype: 'auto', settings, policy: POLICY });
    expect(existsSync(join(settings.cacheFolder, 'models--owner--model/refs'))).toBe(false);
  });

  it('progress grows to the total', async () => {
    const seen: number[] = [];
    let total = 0;
    await pull(NAME, {
      dtype: 'auto',
      settings,
      onProgress: ({ bytes, totalBytes }) => {
        seen.push(bytes);
        total = totalBytes;
      },
    });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(total);
    expect(total).toBe(NEEDED.reduce((sum, name) => sum + hub.files[name]!.content.length, 0));
  });

  it('of an architecture that ONNX Runtime runs: int8 before fp32; external data with it', async () => {
    hub.files['onnx/model_quantized.onnx'] = { content: Buffer.from('int8'), lfs: true };
    const { files } = await get();
    expect(files.map(({ path }) => path)).toEqual(['config.json', 'tokenizer.json', 'onnx/model_quantized.onnx']);
    expect((await get('fp32')).files.map(({ path }) => path)).toEqual(NEEDED);
  });

  describe('of an architecture that our own kernels run', () => {
    const XLMR = { architectures: ['XLMRobertaForSequenceClassification'], model_type: 'xlm-roberta' };
    const INT8 = 'onnx/model_quantized.onnx';
    const FP32 = ['onnx/model.onnx_data', 'onnx/model.onnx'];
    const FP16 = 'onnx/model_fp16.onnx';
    const SAFETENSORS = 'model.safetensors';
    const file = (text: string): FakeFile => ({ content: Buffer.from(text), lfs: true });
    const withConfig = (config: object) => {
      hub.files['config.json'] = { content: Buffer.from(JSON.stringify(config)), lfs: false };
    };
    beforeEach(() => {
      withConfig(XLMR);
      Object.assign(hub.files, { [INT8]: file('int8'), [SAFETENSORS]: file('fp32') });
    });
    const weightsOf = async (options: Partial<PullOptions>) => {
      const { files } = await pull(NAME, { dtype: 'auto', settings, policy: POLICY, ...options });
      expect(files.slice(0, 2).map(({ path }) => path)).toEqual(['config.json', 'tokenizer.json']);
      return files.slice(2).map(({ path }) => path);
    };

    it.each<[string, Partial<PullOptions>, object, string[], string[]]>([
      ['auto takes safetensors alone', {}, XLMR, [], [SAFETENSORS]],
      ['int8', { dtype: 'int8' }, XLMR, [], [SAFETENSORS]],
      ['bf16', { dtype: 'bf16' }, XLMR, [], [SAFETENSORS]],
      ['fp32: the graph that ONNX Runtime runs', { dtype: 'fp32' }, XLMR, [], FP32],
      ['fp32 without a graph', { dtype: 'fp32' }, XLMR, FP32, [SAFETENSORS]],
      ['auto without safetensors: the fp32 graph', {}, XLMR, [SAFETENSORS], FP32],
      ['auto with 16 bits and 8: the float ones', {}, XLMR, [SAFETENSORS, ...FP32], [FP16]],
      ['auto with int8 alone', {}, XLMR, [SAFETENSORS, ...FP32, FP16], [INT8]],
      ['CUDA: half precision', { provider: 'cuda' }, XLMR, [], [FP16]],
      ['CUDA as int8', { dtype: 'int8', provider: 'cuda' }, XLMR, [], [INT8]],
      ['CUDA as fp32', { dtype: 'fp32', provider: 'cuda' }, XLMR, [], FP32],
      ['safetensors in bfloat16', { dtype: 'int8' }, { ...XLMR, torch_dtype: 'bfloat16' }, [], [SAFETENSORS]],
      ['safetensors in float16, as transformers 5 says it', {}, { ...XLMR, dtype: 'float16' }, [], [SAFETENSORS]],
      ['safetensors of another dtype', { dtype: 'int8' }, { ...XLMR, torch_dtype: 'float64' }, [], FP32],
      ['code of its own', {}, { ...XLMR, auto_map: { AutoModel: 'x.y' } }, [], [INT8]],
      ['an architecture of another kind', {}, { architectures: ['OtherForSequenceClassification'] }, [], [INT8]],
    ])('%s', async (_, options, config, absent, expected) => {
      withConfig(config);
      for (const name of absent) Reflect.deleteProperty(hub.files, name);
      expect(await weightsOf(options)).toEqual(expected);
      const others = [INT8, SAFETENSORS, ...FP32, FP16].filter((name) => !expected.includes(name));
      for (const name of others) expect(hub.downloads(name)).toEqual([]);
    });

    it('shards with their index, which comes last', async () => {
      const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
      const index = 'model.safetensors.index.json';
      for (const name of [...shards, index]) hub.files[name] = file(name);
      Reflect.deleteProperty(hub.files, SAFETENSORS);
      expect(await weightsOf({})).toEqual([...shards, index]);
    });

    it('of a Sentence Transformers repository its modules too', async () => {
      withConfig({ architectures: ['XLMRobertaModel'], model_type: 'xlm-roberta' });
      const modules = [{ path: '' }, { path: '1_Pooling' }, { path: '2_Dense' }, { path: '../up' }];
      const settingsFiles = ['config_sentence_transformers.json', 'sentence_bert_config.json'];
      const parts = ['1_Pooling/config.json', '2_Dense/config.json', '2_Dense/model.safetensors'];
      hub.files['modules.json'] = file(JSON.stringify(modules));
      for (const name of [...settingsFiles, ...parts, '3_Other/config.json']) hub.files[name] = file(`{"${name}":1}`);
      const paths = await weightsOf({});
      expect(paths.at(-1)).toBe(SAFETENSORS);
      expect(paths.toSorted()).toEqual(['modules.json', ...settingsFiles, ...parts, SAFETENSORS].toSorted());
    });

    it('what one download serves is not fetched a second time', async () => {
      expect(await weightsOf({ dtype: 'fp32' })).toEqual(FP32);
      for (const dtype of ['auto', 'int8', 'bf16'] as const) expect(await weightsOf({ dtype })).toEqual(FP32);
      expect(hub.downloads(SAFETENSORS)).toEqual([]);
    });

    it('bf16 of another architecture is refused before its weights are fetched', async () => {
      withConfig({ architectures: ['OtherForSequenceClassification'] });
      await expect(weightsOf({ dtype: 'bf16' })).rejects.toMatchObject({
        code: 'MODEL_NOT_FOUND',
        message: expect.stringMatching(/cannot be run as bf16/),
      });
    });
  });

  it('a dry run says what would be fetched and how it would run', async () => {
    const dry = { dtype: 'auto', dryRun: true, settings, policy: POLICY } as const;
    const { candidate, files, missing, folder } = await pull(NAME, dry);
    expect(candidate).toMatchObject({ engine: 'onnxruntime', dtype: 'fp32', file: { path: 'onnx/model.onnx' } });
    expect(files.map(({ path }) => path)).toEqual(NEEDED);
    expect(missing.map(({ path }) => path)).toEqual(NEEDED.slice(1));
    expect(hub.seen.filter(({ host, path }) => host === 'cdn' || /tokenizer|onnx/.test(path))).toEqual([]);
    await get();
    expect(await pull(NAME, dry)).toMatchObject({ folder, missing: [] });
  });

  it('the first repository that has what is wanted', async () => {
    const names = [{ repo: 'owner/other', revision: 'main' }, NAME];
    expect(await pullFirst(names, { dtype: 'auto', settings, policy: POLICY })).toMatchObject({ repo: REPO });
    // Where none has it, the first one's reason is told.
    const int8 = pullFirst(names.toReversed(), { dtype: 'int8', settings, policy: POLICY });
    await expect(int8).rejects.toMatchObject({
      path: REPO,
      message: expect.stringMatching(/no weights .* model_quantized/),
    });
  });

  it('the token goes to the hub and to no other host', async () => {
    hub.token = 'secret';
    settings.token = 'secret';
    await get();
    expect(hub.seen.some(({ host }) => host === 'cdn')).toBe(true);
    for (const { host, authorization } of hub.seen) {
      expect(authorization).toBe(host === 'hub' ? 'Bearer secret' : undefined);
    }
  });
});

describe('a bad way to the hub', () => {
  it('cut connections are resumed where they broke', async () => {
    hub.faults.push({ kind: 'cut', after: 0 }, { kind: 'cut', after: 20 });
    hub.faults.push({ kind: 'cut', after: 5 });
    expectComplete((await get()).folder);
    expect(hub.downloads('config.json').map(({ range }) => range)).toEqual([
      undefined,
      undefined,
      'bytes=20-',
      'bytes=25-',
    ]);
  });

  it('429 and 5xx are waited out', async () => {
    hub.listFaults.push({ kind: 'status', status: 503 });
    hub.faults.push({ kind: 'status', status: 429, headers: { 'retry-after': '1' } }, { kind: 'status', status: 500 });
    const started = performance.now();
    expectComplete((await get()).folder);
    expect(performance.now() - started).toBeGreaterThanOrEqual(990);
  });

  it('a Retry-After beyond patience ends with its length', async () => {
    hub.listFaults.push({ kind: 'status', status: 429, headers: { 'retry-after': '900' } });
    await expect(get()).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(/answered 429; wait 900 s and try again/),
    });
  });

  it('a server that stays broken is given up on', async () => {
    for (let i = 0; i < 10; i++) hub.faults.push({ kind: 'status', status: 502 });
    await expect(get()).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED', message: expect.stringMatching(/502/) });
    expect(hub.faults).toHaveLength(10 - POLICY.attempts);
  });

  it('a server that always breaks and knows no ranges is given up on', async () => {
    for (let i = 0; i < 20; i++) hub.faults.push({ kind: 'cut', after: 30, noRange: true });
    await expect(get()).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expect(hub.faults).toHaveLength(20 - POLICY.attempts);
  });

  it('a server without ranges starts over', async () => {
    const path = join(settings.cacheFolder, 'models--owner--model/blobs');
    hub.faults.push({ kind: 'cut', after: 30 }, { kind: 'no-range' });
    expectComplete((await get()).folder);
    expect(readdirSync(path)).toHaveLength(NEEDED.length);
  });

  it('one wrong byte is noticed and fetched again; wrong twice is an error and shows nothing', async () => {
    hub.faults.push({ kind: 'wrong-byte', at: 3 });
    expectComplete((await get()).folder);
    settings.cacheFolder = temporaryFolder();
    hub.faults.push({ kind: 'wrong-byte', at: 3 }, { kind: 'wrong-byte', at: 3 });
    await expect(get()).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(/config\.json/),
    });
    expect(readdirSync(repoCache(settings.cacheFolder, REPO).blobs)).toEqual([]);
  });

  it('what an earlier process left is checked too', async () => {
    const { blobs } = repoCache(settings.cacheFolder, REPO);
    await get();
    const etag = etagOf(hub.files['tokenizer.json']!);
    settings.cacheFolder = temporaryFolder();
    const cache = repoCache(settings.cacheFolder, REPO);
    mkdirSync(cache.blobs, { recursive: true });
    writeFileSync(join(cache.blobs, `${etag}.bge-reranker.incomplete`), Buffer.alloc(500, 1));
    expectComplete((await get()).folder);
    expect(hub.downloads('tokenizer.json').at(-2)?.range).toBe('bytes=500-');
    expect(readdirSync(blobs)).toHaveLength(NEEDED.length);
  });

  it('no server at all', async () => {
    await hub.stop();
    await expect(get()).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(/cannot be reached: .*ECONNREFUSED/),
    });
    hub = await new FakeHub(REPO, {}).start();
  });

  it('something that is not the hub', async () => {
    const other = createServer((_, response) => response.end('<html>')).listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    settings.endpoint = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    await expect(get()).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(/HF_ENDPOINT/),
    });
    other.closeAllConnections();
    other.close();
  });
});

describe('a hub that means no good', () => {
  const refused = async (message: RegExp) =>
    await expect(get()).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED', message: expect.stringMatching(message) });

  it('a list that is compressed, though that was not asked for', async () => {
    const list = gzipSync(JSON.stringify({ sha: COMMIT, siblings: [] }));
    hub.listing = (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(list);
    await refused(/compressed as gzip/);
  });

  it('a list without an end', async () => {
    let sent = 0;
    hub.listing = (response) => {
      const more = () => {
        while (!response.destroyed && sent < 1e9) {
          sent += 1 << 20;
          if (!response.write(Buffer.alloc(1 << 20, ' '))) return void response.once('drain', more);
        }
      };
      more();
    };
    await refused(/lists more than 100000 files or 16 MiB/);
    expect(sent).toBeLessThan(64 << 20);
  });

  it('a list of a million entries', async () => {
    const siblings = '0,'.repeat(1_000_000);
    hub.listing = (response) => response.end(`{"sha":"${COMMIT}","siblings":[${siblings}0]}`);
    await refused(/lists more than 100000 files/);
  });

  it('entries that are none', async () => {
    hub.listing = (response) => response.end(`{"sha":"${COMMIT}","siblings":[null,0,"x",{},{"rfilename":7}]}`);
    await expect(get()).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' });
  });

  it('redirects without an end', async () => {
    hub.listing = (response) => response.writeHead(302, { location: '?again' }).end();
    await refused(/redirects more than 10 times/);
  });

  it('a redirect from https to http, or out of the web', () => {
    const from = new URL('https://hub.example/a');
    expect(redirectTarget(from, 'https://cdn.example/b').href).toBe('https://cdn.example/b');
    expect(redirectTarget(from, '/b').href).toBe('https://hub.example/b');
    expect(redirectTarget(new URL('http://hub.example/a'), 'http://cdn.example/b').protocol).toBe('http:');
    for (const location of ['http://cdn.example/b', 'file:///etc/passwd', 'http://hub.example/a']) {
      expect(() => redirectTarget(from, location)).toThrow(expect.objectContaining({ code: 'DOWNLOAD_FAILED' }));
    }
  });
});

describe('refusals', () => {
  it('gated, without and with a token', async () => {
    Object.assign(hub, { token: 'other', gated: true });
    await expect(get()).rejects.toMatchObject({ code: 'MODEL_GATED', message: expect.stringMatching(/set HF_TOKEN/) });
    settings.token = 'mine';
    await expect(get()).rejects.toMatchObject({ code: 'MODEL_GATED' });
  });

  it('private or absent', async () => {
    hub.token = 'other';
    await expect(get()).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND', message: expect.stringMatching(/HF_TOKEN/) });
    const absent = pull({ repo: 'no/such', revision: 'main' }, { dtype: 'auto', settings, policy: POLICY });
    await expect(absent).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });

  it('an unknown revision, an absent dtype, no tokenizer.json', async () => {
    const other = pull({ repo: REPO, revision: 'v9' }, { dtype: 'auto', settings, policy: POLICY });
    await expect(other).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND', message: expect.stringMatching(/'v9'/) });
    await expect(get('int8')).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringMatching(/onnx\/model\.onnx/),
    });
    delete hub.files['tokenizer.json'];
    await expect(get()).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' });
  });

  it('offline asks nothing', async () => {
    settings.offline = true;
    await expect(get()).rejects.toMatchObject({ code: 'OFFLINE' });
    expect(hub.seen).toEqual([]);
  });

  it('a path that leaves the folder', async () => {
    hub.files['../../outside'] = { content: Buffer.from('x'), lfs: true };
    await expect(get()).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED', path: '../../outside' });
  });

  it('a cache that cannot be written', async () => {
    writeFileSync(join(settings.cacheFolder, 'models--owner--model'), 'a file in the way');
    await expect(get()).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(/HF_HUB_CACHE|remove it/),
    });
    settings.cacheFolder = temporaryFolder();
    if (process.getuid?.() === 0 || process.platform === 'win32') return; // root may write anywhere
    chmodSync(settings.cacheFolder, 0o500);
    await expect(get()).rejects.toMatchObject({ message: expect.stringMatching(/may not write/) });
  });

  it('more bytes than the disk has', async () => {
    const size = 2 ** 50;
    const content = hub.files['onnx/model.onnx_data']!.content;
    Object.defineProperty(content, 'length', { value: size });
    await expect(get()).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED', message: expect.stringMatching(/are free/) });
  });
});

it('goes through the proxy that the environment names', async () => {
  const asked: string[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, socket) => {
    asked.push(request.url!);
    const [host, port] = request.url!.split(':');
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  process.env['HTTP_PROXY'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  try {
    let fresh: { pull: typeof pull } | undefined;
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- the agent reads the environment once
    jest.isolateModules(() => (fresh = require('../../src/models/pull') as { pull: typeof pull }));
    expectComplete((await fresh!.pull(NAME, { dtype: 'auto', settings, policy: POLICY })).folder);
  } finally {
    delete process.env['HTTP_PROXY'];
    proxy.closeAllConnections();
    proxy.close();
  }
  expect(asked).toContain(new URL(hub.endpoint).host);
  expect(asked.length).toBeGreaterThanOrEqual(2); // the hub and the host it redirects to
});
