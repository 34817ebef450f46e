import { spawnSync } from 'node:child_process';
import path from 'node:path';
import pino from 'pino';
import { Counter, Registry } from 'prom-client';
import { collectMetrics, createHandler } from '../../src/server';
import { cloudflareRequest } from '../../src/server/dialects/cloudflare';
import { checkInput } from '../../src/validate';
import * as v from 'valibot';
import { FakeReranker } from './fake-reranker';
import { ACCOUNT, RUN, served } from './http';

const TEA = { query: 'tea?', contexts: [{ text: 'secret passage' }] };

describe('auth', () => {
  const paths = ['/', '/docs', '/openapi.json', '/metrics', '/nowhere', '/rerank', RUN];

  it.each(paths)('%s is closed without the token', async (path) => {
    const { send, post } = served({ tokens: ['t'] });
    expect((await send(path)).status).toBe(401);
    expect((await post(path, {})).status).toBe(401);
  });

  it('browsers are asked for it as a password, and may come in', async () => {
    const { send } = served({ tokens: ['t'] });
    expect((await send('/')).headers.get('www-authenticate')).toMatch(/^Basic realm/);
    const authorization = `Basic ${Buffer.from(':t').toString('base64')}`;
    expect((await send('/', { headers: { authorization } })).status).toBe(200);
  });

  it.each(['/health', '/health/live', '/health/ready'])('%s is open', async (path) => {
    expect((await served({ tokens: ['t'] }).send(path)).status).toBe(200);
  });
});

describe('options', () => {
  it.each([
    [{ dialects: [] }, 'dialects'],
    [{ dialects: ['grpc'] }, 'dialects'],
    [{ maxBodyBytes: 0 }, 'maxBodyBytes'],
    [{ maxContexts: 1.5 }, 'maxContexts'],
    [{ bodyTimeoutMs: 2 ** 31 }, 'bodyTimeoutMs'],
    [{ requestTimeoutMs: -1 }, 'requestTimeoutMs'],
    [{ tokens: ['a b'] }, 'tokens'],
    [{ tokens: [''] }, 'tokens'],
  ])('%j is INVALID_OPTION', (options, path) => {
    expect(() => createHandler(new FakeReranker(), options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', path }),
    );
  });

  it('a wrong token is never part of the error', () => {
    expect(() => createHandler(new FakeReranker(), { tokens: ['sec ret'] })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('sec ret') }),
    );
  });
});

describe('metrics', () => {
  it('tells the engine’s counts and stages, and the requests by dialect and status', async () => {
    const { post, send } = served();
    await post(RUN, TEA);
    await post('/rerank', { query: 'q', texts: [] });
    const { body, headers } = await send('/metrics');
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=0.0.4/);
    const lines = (body as string).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'bge_reranker_requests_total{outcome="refused"} 1',
        'bge_reranker_requests_total{outcome="aborted"} 1',
        'bge_reranker_scored_tokens_total 222',
        'bge_reranker_queued_pairs 0',
        '# TYPE bge_reranker_queue_seconds histogram',
        'bge_reranker_queue_seconds_bucket{le="0.001"} 2',
        'bge_reranker_queue_seconds_bucket{le="0.01"} 3',
        'bge_reranker_queue_seconds_bucket{le="+Inf"} 4',
        'bge_reranker_queue_seconds_sum 0.025',
        'bge_reranker_queue_seconds_count 4',
        'bge_reranker_http_request_seconds_count{dialect="cloudflare",status="200"} 1',
        'bge_reranker_http_request_seconds_count{dialect="tei",status="400"} 1',
      ]),
    );
    for (const stage of ['tokenize', 'run', 'total']) expect(body).toContain(`bge_reranker_${stage}_seconds_bucket`);
  });
});

describe('metrics of an application that embeds a Reranker', () => {
  const value = (text: string, start: string) => text.split('\n').filter((line) => line.startsWith(start));

  it('go into its own registry, or one of their own, with what runs', async () => {
    const own = new Registry();
    new Counter({ name: 'mine_total', help: 'mine', registers: [own] });
    expect(collectMetrics(new FakeReranker(), own)).toBe(own);
    const text = await own.metrics();
    expect(text).toContain('mine_total 0');
    const [info] = value(text, 'bge_reranker_info{');
    for (const label of [
      'model="my-model"',
      'dtype="int8"',
      'engine="builtin"',
      'instruction_set="avx2"',
      'version="',
    ]) {
      expect(info).toContain(label);
    }
    expect(info).toMatch(/\} 1$/);
    expect(text).not.toContain('secret-folder');
    expect(await collectMetrics(new FakeReranker()).metrics()).not.toContain('mine_total');
    expect(text).not.toMatch(/^process_|^nodejs_/m);
  });

  it('count each request once by what became of it', async () => {
    const text = await collectMetrics(new FakeReranker()).metrics();
    const outcomes = value(text, 'bge_reranker_requests_total{').map((line) => Number(line.split(' ')[1]));
    // 3 completed, 1 failed, 1 aborted, 1 timed out, 1 refused; 7 were admitted.
    expect(outcomes.reduce((sum, count) => sum + count, 0)).toBe(7);
    expect(value(text, 'bge_reranker_admitted_requests_total')).toEqual(['bge_reranker_admitted_requests_total 7']);
  });
});

describe('log', () => {
  function logged(options: { logBodies?: boolean } = {}) {
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => void lines.push(line) });
    return { lines, ...served({ ...options, logger }) };
  }

  it('has a line a request without passages, whatever becomes of it', async () => {
    const { lines, post, reranker } = logged();
    await post(RUN, TEA);
    await post(RUN, { query: 'secret query', contexts: [{ text: 5 }] });
    await post('/rerank', { query: 'q', texts: ['secret passage', 5] });
    await post('/rerank', '{"query":"secret');
    reranker.failure = new Error('engine trouble');
    await post('/rerank', { query: 'q', texts: ['secret passage'] });
    expect(lines.join('')).not.toContain('secret');
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records.map(({ dialect, status }) => [dialect, status])).toEqual([
      ['cloudflare', 200],
      ['cloudflare', 400],
      ['tei', 422],
      ['tei', 422],
      ['tei', 424],
    ]);
    expect(records[0]).toMatchObject({ method: 'POST', path: RUN, milliseconds: expect.any(Number) });
    expect(records[4]).toMatchObject({ level: 50, err: { message: 'engine trouble' } });
  });

  it('has the body when asked', async () => {
    const { lines, post } = logged({ logBodies: true });
    await post(RUN, TEA);
    expect(JSON.parse(lines[0]!)).toMatchObject({ body: TEA });
  });
});

it('the log of createLogger shows what it holds: no character turns or hides the text around it', () => {
  const child = spawnSync(
    process.execPath,
    ['-e', "require('./dist/server').createLogger().info({ path: '/a\\u202ecod.\\u200b\\u2028\\u0085é日' }, 'x')"],
    { cwd: path.join(__dirname, '..', '..'), encoding: 'utf8' },
  );
  expect(child.stdout).toContain('/a\\u202ecod.\\u200b\\u2028\\u0085é日');
  expect(JSON.parse(child.stdout)).toMatchObject({ path: '/a\u202ecod.\u200b\u2028\u0085é日' });
});

describe('OpenAPI', () => {
  it('is version 3.1, has every POST route, and no path of this machine', async () => {
    const { send } = served();
    const { body } = await send('/openapi.json').then((answer) => ({ body: JSON.parse(JSON.stringify(answer.body)) }));
    const document = typeof body === 'string' ? JSON.parse(body) : body;
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/client/v4/accounts/{account_id}/ai/run/{model}',
        '/rerank',
        '/v1/rerank',
        '/v2/rerank',
        '/score',
      ]),
    );
    expect(JSON.stringify(document)).not.toContain('secret-folder');
  });

  it('has an example for every route, which its dialect takes and answers as shown', async () => {
    const { send, post } = served();
    const page = (await send('/docs')).body as string;
    const { paths } = (await send('/openapi.json')).body as { paths: Record<string, { post?: any }> };
    const keys = (value: unknown): unknown =>
      typeof value === 'object' && value !== null
        ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, keys(part)]))
        : typeof value;
    for (const [path, { post: operation }] of Object.entries(paths)) {
      const address = path.replace('{account_id}', ACCOUNT).replace('{model}', '@cf/baai/bge-reranker-base');
      expect(page).toContain(`curl &quot;$BASE${path.includes('{') ? '/client/v4/accounts/' : address}`);
      if (!operation) continue;
      const requests = Object.entries<{ value: unknown }>(operation.requestBody.content['application/json'].examples);
      expect(requests.length).toBeGreaterThan(0);
      for (const [title, { value }] of requests) {
        const { status, body } = await post(address, value);
        expect({ title, status, body: keys(body) }).toEqual({
          title,
          status: 200,
          body: keys(operation.responses[200].content['application/json'].examples[title].value),
        });
      }
    }
  });

  it('describes Cloudflare’s request as its validator checks it', () => {
    const contexts = [undefined, null, 'x', {}, [], [{}], [{ text: '' }], [{ text: 'a' }], ['a'], [{ text: 'a' }, 5]];
    for (const query of [undefined, null, 5, '', 'q']) {
      for (const list of contexts) {
        for (const top_k of [undefined, null, 0, 1, 2.5, '3', 99]) {
          const input = JSON.parse(JSON.stringify({ query, contexts: list, top_k })) as unknown;
          let passes = true;
          try {
            checkInput(input, { nullTopK: 'refuse' });
          } catch {
            passes = false;
          }
          expect([input, v.is(cloudflareRequest, input)]).toEqual([input, passes]);
        }
      }
    }
  });
});

describe('pages', () => {
  it.each(['/', '/docs'])('%s is HTML that loads nothing from elsewhere', async (path) => {
    const { body, headers } = await served().send(path);
    expect(headers.get('content-type')).toMatch(/^text\/html/);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    expect(body).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    expect(body).not.toContain('secret-folder');
    expect(body).not.toMatch(/\/\*(?:style|script)\*\//);
  });

  it('the docs take the playground’s place without Cloudflare’s dialect', async () => {
    expect((await served({ dialects: ['tei'] }).send('/')).body).toContain('/rerank');
  });
});

it('a client that goes away frees its passages', async () => {
  const { handler, reranker } = served();
  reranker.held = true;
  const controller = new AbortController();
  const request = new Request('http://server/rerank', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'q', texts: ['a'] }),
    signal: controller.signal,
  });
  const answer = handler.fetch(request);
  while (reranker.waiting.size === 0) await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  expect((await answer).status).toBe(499);
  expect(reranker.waiting.size).toBe(0);
});
