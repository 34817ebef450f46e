import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import {
  ACCOUNT,
  answerOf,
  BEST,
  CONTEXTS,
  freePort,
  HERE,
  LIMIT_MS,
  MODEL,
  QUERY,
  RERANKER,
  ROOT,
  TEXTS,
} from './support.mjs';

/** The example from where this package's node_modules are found. */
function copyOf(name) {
  const folder = path.join(HERE, '.projects', name);
  mkdirSync(folder, { recursive: true });
  copyFileSync(path.join(ROOT, 'examples', name, 'server.mjs'), path.join(folder, 'server.mjs'));
  return path.join(folder, 'server.mjs');
}

async function post(url, body, type = 'application/json') {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}

describe('a handler inside another server', () => {
  for (const name of ['express', 'fastify', 'hono']) {
    it(name, { timeout: LIMIT_MS }, async () => {
      const port = await freePort();
      const env = { ...process.env, MODEL, PORT: String(port) };
      const child = spawn(process.execPath, [copyOf(name)], { env, stdio: ['ignore', 'inherit', 'inherit'] });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      try {
        const base = `http://127.0.0.1:${port}`;
        assert.equal(await (await answerOf(base, child)).text(), 'The app itself');
        const api = `${base}/rerank-api`;
        const cloudflare = await post(`${api}/client/v4/accounts/${ACCOUNT}/ai/run/${RERANKER}`, {
          query: QUERY,
          contexts: CONTEXTS,
        });
        assert.equal(cloudflare.body.result.response[0].id, BEST);
        const tei = await post(`${api}/rerank`, { query: QUERY, texts: TEXTS });
        assert.equal(tei.body[0].index, BEST);
        const refused = await post(`${api}/rerank`, { query: QUERY, texts: TEXTS }, 'application/xml');
        assert.equal(refused.status, 415);
        assert.equal((await post(`${api}/v2/rerank`, { model: 'm', query: QUERY, documents: [] })).status, 400);
        assert.match(await (await fetch(`${api}/`)).text(), /playground/);
        assert.equal((await fetch(`${api}/health`)).status, 200);
      } finally {
        child.kill('SIGTERM');
        assert.equal(await ended, 0);
      }
    });
  }
});
