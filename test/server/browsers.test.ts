import { hostname } from 'node:os';
import { RUN, served } from './http';

const BODY = { query: 'q', contexts: [{ text: 'a' }] };
const ofBrowser = (site: string, more: Record<string, string> = {}) => ({ 'sec-fetch-site': site, ...more });

describe('a server without a token that is for this machine only', () => {
  const local = () => served({ allowedHosts: ['rerank.example'] });

  it.each([
    'localhost',
    'localhost:8787',
    'LOCALHOST.:80',
    'app.localhost:8787',
    '127.0.0.1',
    '127.9.9.9:1',
    '[::1]:8787',
    '10.0.0.7:8787',
    hostname(),
    'rerank.example:443',
    'Rerank.Example',
  ])('answers to %s', async (host) => {
    expect((await local().post(RUN, BODY, { host })).status).toBe(200);
  });

  it.each([
    'evil.example',
    'evil.example:8787',
    'localhost.evil.example',
    'evil-localhost',
    '127.0.0.1.evil.example',
    'rerank.example.evil.example',
    '[::1].evil.example',
    'evil.example:80:80',
    '',
    'localhost evil.example',
  ])('does not answer to %j: no scores, no metrics, no pages', async (host) => {
    const { post, send, reranker } = local();
    expect((await post(RUN, BODY, { host })).status).toBe(403);
    expect((await post('/rerank', { query: 'q', texts: ['a'] }, { host })).body.error).toMatch(/does not answer to/);
    for (const path of ['/', '/docs', '/metrics', '/openapi.json']) {
      expect((await send(path, { headers: { host } })).status).toBe(403);
    }
    expect(reranker.calls).toEqual([]);
  });

  it('with a token, or behind a name of the embedding server, any name is its own business', async () => {
    const authorization = 'Bearer t';
    const open = served({ allowedHosts: [], tokens: ['t'] });
    expect((await open.post(RUN, BODY, { host: 'any.example', authorization })).status).toBe(200);
    expect((await served().post(RUN, BODY, { host: 'any.example' })).status).toBe(200);
  });
});

describe('pages of other sites', () => {
  const foreign: [string, Record<string, string>][] = [
    ['a cross-site fetch', ofBrowser('cross-site', { origin: 'https://evil.example' })],
    ['one without an origin', ofBrowser('cross-site')],
    ['another port of this machine', ofBrowser('same-site', { origin: 'http://localhost:3000' })],
    ['a browser that sends Origin only', { origin: 'https://evil.example' }],
    ['a sandboxed page', { origin: 'null' }],
    ['an origin that begins like this server', { origin: 'http://localhost:8787.evil.example' }],
  ];

  it.each(foreign)('%s: refused without a token, as text/plain too', async (_, headers) => {
    const { post, send, reranker } = served();
    const host = 'localhost:8787';
    for (const type of ['application/json', 'text/plain']) {
      const { status, body } = await post(RUN, BODY, { host, 'content-type': type, ...headers });
      expect([status, body.errors[0].code]).toEqual([403, 10000]);
    }
    expect((await send('/metrics', { headers: { host, ...headers } })).status).toBe(403);
    expect(reranker.calls).toEqual([]);
  });

  it.each(foreign)('%s: allowed by cors or by a token', async (_, headers) => {
    const host = 'localhost:8787';
    const open = served({ cors: ['*'] });
    expect((await open.post(RUN, BODY, { host, ...headers })).status).toBe(200);
    const authorization = 'Bearer t';
    expect((await served({ tokens: ['t'] }).post(RUN, BODY, { host, authorization, ...headers })).status).toBe(200);
  });

  it.each([
    ['its own pages', ofBrowser('same-origin', { origin: 'https://public.example' })],
    ['the address bar', ofBrowser('none', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' })],
    ['its own pages, of an older browser', { origin: 'http://localhost:8787' }],
    ['a link to it', ofBrowser('cross-site', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' })],
    ['no browser', {}],
  ])('%s may see the pages', async (_, headers) => {
    expect((await served().send('/', { headers: { host: 'localhost:8787', ...headers } })).status).toBe(200);
  });

  it('a link or a form may not ask for scores, nor a frame for a page', async () => {
    const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect((await served().post(RUN, BODY, ofBrowser('cross-site', navigation))).status).toBe(403);
    const frame = ofBrowser('cross-site', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' });
    expect((await served().send('/', { headers: frame })).status).toBe(403);
  });
});

describe('cors', () => {
  const origin = 'https://app.example';
  const asks = (from: string) => ({
    method: 'OPTIONS',
    headers: { origin: from, 'access-control-request-method': 'POST', 'sec-fetch-site': 'cross-site' },
  });

  it('is off by default', async () => {
    const { headers } = await served({ tokens: ['t'] }).post(RUN, BODY, { origin, authorization: 'Bearer t' });
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect((await served({ tokens: ['t'] }).send(RUN, asks(origin))).status).toBe(401);
  });

  it('lets pages of the named origins ask and read, with a token or without one', async () => {
    for (const tokens of [[], ['t']]) {
      const { send, post } = served({ cors: [origin], tokens });
      const asked = await send(RUN, asks(origin));
      expect(asked.status).toBe(204);
      expect(asked.headers.get('access-control-allow-origin')).toBe(origin);
      expect(asked.headers.get('access-control-allow-headers')).toMatch(/authorization,content-type/i);
      const headers = { origin, authorization: 'Bearer t', 'sec-fetch-site': 'cross-site' };
      const answer = await post(RUN, BODY, headers);
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    }
  });

  it('tells no other origin anything', async () => {
    const { send, post } = served({ cors: [origin] });
    const other = 'https://evil.example';
    expect((await send(RUN, asks(other))).headers.get('access-control-allow-origin')).toBeNull();
    const { status, headers } = await post(RUN, BODY, { origin: other, 'sec-fetch-site': 'cross-site' });
    expect([status, headers.get('access-control-allow-origin')]).toEqual([403, null]);
  });

  it.each([['app.example'], ['https://app.example/'], ['https://app.example/x'], ['null'], ['*.example']])(
    'refuses %j as an origin',
    (wrong) => {
      expect(() => served({ cors: [wrong] })).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION', path: 'cors' }),
      );
    },
  );
});
