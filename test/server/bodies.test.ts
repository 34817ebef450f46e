import { gzipSync } from 'node:zlib';
import { BodyBudget, BodyShare } from '../../src/serving/body/body-budget';
import { readBytes } from '../../src/serving/body/body-bytes';
import { guardJson, MAX_KEYS } from '../../src/serving/body/json-guard';
import { RUN, served } from './http';

const GOOD = { query: 'q', contexts: [{ text: 'a' }] };

describe('a body that is refused, in the words of its dialect', () => {
  const nested = `{"query":"q","contexts":[{"text":"a"}],"x":${'['.repeat(500_000)}${']'.repeat(500_000)}}`;
  const cases: [string, string | Uint8Array, Record<string, string>, number][] = [
    ['over the limit', JSON.stringify({ ...GOOD, x: 'y'.repeat(2 ** 21) }), {}, 413],
    ['invalid UTF-8', Buffer.from([...Buffer.from('{"query":"'), 0xff, 0xfe, ...Buffer.from('"}')]), {}, 400],
    ['cut UTF-8', Buffer.from('{"query":"é"}').subarray(0, 11), {}, 400],
    ['deep JSON', nested, {}, 400],
    ['a key twice', '{"query":"a","query":"b","contexts":[]}', {}, 400],
    ['a key twice, once escaped', '{"query":"a","\\u0071uery":"b","contexts":[]}', {}, 400],
    ['a key twice in a context', '{"query":"a","contexts":[{"text":"a", "text" :"b"}]}', {}, 400],
    ['no JSON', '{"query":', {}, 400],
    ['an open string', '{"query":"', {}, 400],
    ['nothing', '', {}, 400],
    ['a wrong content type', JSON.stringify(GOOD), { 'content-type': 'application/xml' }, 415],
    ['another charset', JSON.stringify(GOOD), { 'content-type': 'application/json; charset=latin1' }, 415],
    ['gzip', gzipSync(JSON.stringify(GOOD)), { 'content-encoding': 'gzip' }, 415],
    ['brotli by name', JSON.stringify(GOOD), { 'content-encoding': 'br' }, 415],
  ];

  it.each(cases)('%s', async (_, body, headers, expectedStatus) => {
    const { send, reranker } = served({ maxBodyBytes: 2 ** 20 + 2 ** 10 });
    for (const path of [RUN, '/rerank', '/v1/rerank', '/v2/rerank', '/score']) {
      const answer = await send(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      });
      const expected = path === '/rerank' && expectedStatus === 400 ? 422 : expectedStatus;
      expect([path, answer.status]).toEqual([path, expected]);
      expect(typeof answer.body).toBe('object');
    }
    expect(reranker.calls).toEqual([]);
  });

  it('a body in chunks is counted', async () => {
    const { handler } = served({ maxBodyBytes: 1000 });
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent++;
        controller.enqueue(Buffer.alloc(100, 0x20));
      },
    });
    const request = new Request('http://server/rerank', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    });
    expect((await handler.fetch(request)).status).toBe(413);
    expect(sent).toBeLessThan(20);
  });

  it('a length that is wrong does not help', async () => {
    const body = JSON.stringify({ ...GOOD, x: 'y'.repeat(2000) });
    const answer = await served({ maxBodyBytes: 1000 }).post('/rerank', body, { 'content-length': '10' });
    expect(answer.status).toBe(413);
  });

  it('a slow body is 408', async () => {
    const { handler } = served({ bodyTimeoutMs: 20 });
    const body = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('{')) });
    const request = new Request('http://server/v2/rerank', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    });
    const answer = await handler.fetch(request);
    expect(answer.status).toBe(408);
    expect(answer.headers.get('connection')).toBe('close');
  });
});

describe('a body that passes', () => {
  it.each([
    '{"query":"a\\"b\\\\","contexts":[{"text":"{[}]"}]}',
    '{"query":"\\\\\\"","contexts":[{"text":"x"},{"text":"x"}]}',
    '\ufeff{"query":"q","contexts":[]}',
    ` {"query" : "q", "contexts":[], "x":${'['.repeat(31)}${']'.repeat(31)}}`,
  ])('%s', async (body) => {
    expect((await served().post(RUN, body)).status).toBe(200);
  });
});

describe('limits on what JSON.parse would build', () => {
  const many = (count: number, item: (i: number) => string) => Array.from({ length: count }, (_, i) => item(i)).join();
  const refusal = (text: string, maxValues = 1000) => {
    try {
      guardJson(Buffer.from(text), { maxValues });
      return undefined;
    } catch (error) {
      return (error as { kind: string }).kind;
    }
  };

  it('keys of an object, of each object for itself', () => {
    const object = (keys: number) => `{${many(keys, (i) => `"k${i}":1`)}}`;
    expect(refusal(object(MAX_KEYS), 5000)).toBeUndefined();
    expect(refusal(object(MAX_KEYS + 1), 5000)).toBe('too_large');
    expect(refusal(`[${object(MAX_KEYS)},${object(MAX_KEYS)}]`, 5000)).toBeUndefined();
  });

  it.each([
    ['strings', '"a"'],
    ['numbers', '1'],
    ['nothing', ''],
    ['lists', '[]'],
    ['objects', '{"a":1}'],
  ])('values, %s', (_, item) => {
    const each = item.includes('[') || item.includes('{') ? 2 : 1;
    expect(refusal(`[${many(900 / each, () => item)}]`)).toBeUndefined();
    expect(refusal(`[${many(1100 / each, () => item)}]`)).toBe('too_large');
  });

  it('commas inside strings are none', () => {
    expect(refusal(`["${','.repeat(5000)}","\\"${',\\"'.repeat(5000)}"]`)).toBeUndefined();
  });

  it('a request beyond them is 413 in every dialect, before it is parsed', async () => {
    const { post, reranker } = served({ maxContexts: 10 });
    const texts = many(2000, () => '"a"');
    const parse = jest.spyOn(JSON, 'parse');
    try {
      for (const path of [RUN, '/rerank', '/v1/rerank', '/v2/rerank', '/score']) {
        const { handler } = served({ maxContexts: 10 });
        parse.mockClear();
        const body = `{"query":"q","texts":[${texts}]}`;
        const request = new Request(`http://server${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        });
        expect((await handler.fetch(request)).status).toBe(413);
        expect(parse).not.toHaveBeenCalled();
      }
    } finally {
      parse.mockRestore();
    }
    expect((await post('/rerank', `{"query":"q","texts":["a"]}`)).status).toBe(200);
    expect(reranker.calls).toHaveLength(1);
  });
});

describe('the bytes of all bodies together', () => {
  const KIB = 1024;

  it('beyond the limit are 503 with Retry-After; answered requests give theirs back', async () => {
    const { post, reranker } = served({ maxBodyBytes: 40 * KIB, maxBodyBytesInFlight: 64 * KIB });
    const body = { query: 'q', texts: ['a'.repeat(35 * KIB)] };
    reranker.held = true;
    const first = post('/rerank', body);
    while (reranker.waiting.size === 0) await new Promise((resolve) => setImmediate(resolve));
    const second = await post('/rerank', body);
    expect(second).toMatchObject({ status: 503, body: { error_type: 'Unhealthy' } });
    expect(second.headers.get('retry-after')).toBe('1');
    expect(second.headers.get('connection')).toBe('close');
    reranker.release();
    expect((await first).status).toBe(200);
    reranker.held = false;
    for (let i = 0; i < 5; i++) expect((await post('/rerank', body)).status).toBe(200);
  });

  it.each(['{"query":', '{"query":"q","texts":[]}', 'x'.repeat(50 * KIB)])(
    'are given back by a request that is refused: %.20s',
    async (wrong) => {
      const { post } = served({ maxBodyBytes: 40 * KIB, maxBodyBytesInFlight: 41 * KIB });
      for (let i = 0; i < 20; i++) expect((await post('/rerank', wrong)).status).not.toBe(503);
      expect((await post('/rerank', { query: 'q', texts: ['a'.repeat(30 * KIB)] })).status).toBe(200);
    },
  );

  it('a length that is announced and not sent takes nothing from others', async () => {
    const { handler, post } = served({ maxBodyBytes: 40 * KIB, maxBodyBytesInFlight: 64 * KIB, bodyTimeoutMs: 500 });
    const silent = Array.from({ length: 50 }, () =>
      handler.fetch(
        new Request('http://server/rerank', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'content-length': String(40 * KIB) },
          body: new ReadableStream(),
          duplex: 'half',
        }),
      ),
    );
    expect((await post('/rerank', { query: 'q', texts: ['a'.repeat(30 * KIB)] })).status).toBe(200);
    for (const answer of await Promise.all(silent)) expect(answer.status).toBe(408);
  });

  it('a body in pieces of a byte holds its bytes twice at most, and no piece', async () => {
    const share = new BodyShare(new BodyBudget(2 * 64 * KIB));
    const pieces = 64 * KIB;
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent++ < pieces) controller.enqueue(Uint8Array.of(sent & 0x7f));
        else controller.close();
      },
    });
    const request = new Request('http://server/', { method: 'POST', body, duplex: 'half' });
    const bytes = await readBytes(request, undefined, { maxBodyBytes: 2 ** 20, bodyTimeoutMs: 60_000 }, share);
    expect(bytes.equals(Buffer.from(Array.from({ length: pieces }, (_, i) => (i + 1) & 0x7f)))).toBe(true);
    expect(bytes.buffer.byteLength).toBeLessThanOrEqual(2 * pieces);
  });
});

it('guards exactly: agrees with a reader that keeps all keys, over generated JSON', () => {
  const twice = (text: string) => {
    // An independent reader: quotes are cut out, keys are those before a colon, objects by recursion on brackets.
    let found = false;
    const seen: (Set<string> | null)[] = [];
    for (const token of text.match(/"(?:[^"\\]|\\.)*"\s*:?|[[\]{}]/g) ?? []) {
      if (token === '{') seen.push(new Set());
      else if (token === '[') seen.push(null);
      else if (token === '}' || token === ']') seen.pop();
      else if (token.endsWith(':')) {
        const key = JSON.parse(token.slice(0, -1)) as string;
        const keys = seen[seen.length - 1]!;
        found ||= keys.has(key);
        keys.add(key);
      }
    }
    return found;
  };
  let state = 1;
  const random = (below: number) => (state = (state * 48271) % 2147483647) % below;
  const strings = ['"a"', '"b"', '"\\u0061"', '"\\""', '"\\\\"', '"{"', '"]:"', '""', '"\\\\\\"\\""', '"\\"\\"]"'];
  const value = (depth: number): string => {
    const kind = random(depth > 3 ? 2 : 4);
    if (kind < 2) return kind === 0 ? strings[random(strings.length)]! : '1';
    const items = Array.from({ length: random(4) }, () => value(depth + 1));
    if (kind === 2) return `[${items.join(', ')}]`;
    return `{${items.map((item) => `${strings[random(strings.length)]!} : ${item}`).join(',')}}`;
  };
  let refused = 0;
  for (let i = 0; i < 5000; i++) {
    const text = value(0);
    const expected = twice(text);
    let got = false;
    try {
      guardJson(Buffer.from(text));
    } catch {
      got = true;
    }
    if (got !== expected) throw new Error(`${text}: expected ${expected}, got ${got}`);
    refused += Number(got);
  }
  expect(refused).toBeGreaterThan(100);
});
