import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { miniflareAi } from 'bge-reranker/workers-ai';
import { Reranker } from 'bge-reranker';
import { Miniflare } from 'miniflare';
import {
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
  run,
  TEXTS,
} from './support.mjs';

const require = createRequire(import.meta.url);
const bin = (name, file) => path.join(path.dirname(require.resolve(`${name}/package.json`)), file);
// Neither asks the network for what these tests do not need.
const QUIET = { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' };

/** A Worker project under .projects, where this package's node_modules are found. */
function project(name, files) {
  const folder = path.join(HERE, '.projects', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(path.join(ROOT, 'examples', 'worker', 'src'), path.join(folder, 'src'), { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(path.join(folder, file), content);
  return folder;
}

/** The example's own configuration, but for the model's name: this machine may not have the default one. */
function exampleConfiguration() {
  const text = readFileSync(path.join(ROOT, 'examples', 'worker', 'wrangler.jsonc'), 'utf8');
  const changed = text.replace(`"model": "${RERANKER}"`, `"model": ${JSON.stringify(MODEL)}`);
  assert.notEqual(changed, text);
  return changed;
}

async function devServer(args, cwd, port, env = QUIET) {
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    return await (await answerOf(`http://localhost:${port}/`, child)).json();
  } catch (error) {
    throw new Error(`${error.message}\n${output}`, { cause: error });
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

function checkExample(answer) {
  // The example asks for cyber security, and its second passage is about a tram.
  assert.deepEqual(answer.map(({ id }) => id).sort(), [0, 1, 2]);
  assert.equal(answer[0].id, 0);
  assert.equal(answer[2].id, 1);
}

describe('the documented Worker in real workerd', () => {
  it('wrangler dev, with the example as it is', { timeout: LIMIT_MS }, async () => {
    const port = await freePort();
    const folder = project('wrangler', { 'wrangler.jsonc': exampleConfiguration() });
    const inspector = String(await freePort());
    const args = [
      bin('wrangler', 'bin/wrangler.js'),
      'dev',
      '--env',
      'local',
      '--port',
      String(port),
      '--inspector-port',
      inspector,
    ];
    checkExample(await devServer(args, folder, port));
  });

  it('the Vite plugin', { timeout: LIMIT_MS }, async () => {
    const port = await freePort();
    const folder = project('vite', {
      'wrangler.jsonc': exampleConfiguration(),
      'vite.config.mjs': `import { cloudflare } from '@cloudflare/vite-plugin';
export default { plugins: [cloudflare({ inspectorPort: false })] };
`,
    });
    const env = { ...QUIET, CLOUDFLARE_ENV: 'local' };
    checkExample(await devServer([bin('vite', 'bin/vite.js'), '--port', String(port)], folder, port, env));
  });

  it('vitest-pool-workers', { timeout: LIMIT_MS }, async () => {
    const folder = project('vitest', {
      'wrangler.jsonc': exampleConfiguration(),
      'vitest.config.mjs': `import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';
export default defineConfig({ plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.jsonc', environment: 'local' } })] });
`,
      'rerank.test.mjs': `import { env } from 'cloudflare:workers';
import { expect, it } from 'vitest';
it('ranks', async () => {
  const inputs = { query: ${JSON.stringify(QUERY)}, contexts: ${JSON.stringify(CONTEXTS)} };
  const { response } = await env.AI.run('${RERANKER}', inputs);
  expect(response[0].id).toBe(${BEST});
  await expect(env.AI.run('${RERANKER}', {})).rejects.toThrow("5006: Error: required properties at '/' are 'query,contexts'");
});
`,
    });
    const { code, stdout, stderr } = await run(process.execPath, [bin('vitest', 'vitest.mjs'), 'run'], {
      cwd: folder,
      env: QUIET,
    });
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /1 passed/);
  });
});

const SCRIPT = `
async function outcome(work) {
  try {
    return { value: await work() };
  } catch (error) {
    return { name: error.name, message: error.message };
  }
}
export default {
  async fetch(request, { AI }) {
    const { model, inputs, options, models, gateway } = await request.json();
    const { value, ...error } = await outcome(async () => {
      if (models) return await AI.models();
      if (gateway) return await AI.gateway('g').getLog('l');
      const answer = await AI.run(model, inputs, options);
      return answer instanceof Response ? { status: answer.status, body: await answer.json() } : answer;
    });
    const { lastRequestId, lastRequestHttpStatusCode, lastRequestInternalStatusCode } = AI;
    return Response.json({ value, ...error, lastRequestId, lastRequestHttpStatusCode, lastRequestInternalStatusCode });
  },
};`;

describe('env.AI in Miniflare is workerd’s own module', () => {
  let reranker, miniflare;
  before(async () => {
    reranker = await Reranker.load(MODEL);
    const worker = { modules: true, script: SCRIPT, compatibilityDate: '2026-03-01', cf: false };
    miniflare = new Miniflare({ ...worker, ...miniflareAi({ model: reranker }) });
  });
  after(async () => {
    await miniflare.dispose();
    await reranker.close();
  });

  async function ask(body) {
    const answer = await miniflare.dispatchFetch('http://worker/', { method: 'POST', body: JSON.stringify(body) });
    return await answer.json();
  }
  const inputs = { query: QUERY, contexts: CONTEXTS };

  it('runs: the library’s own scores, a request id', async () => {
    const { value, ...state } = await ask({ model: RERANKER, inputs: { ...inputs, top_k: 2 } });
    assert.deepEqual(value, await reranker.rerank({ ...inputs, top_k: 2 }));
    assert.match(state.lastRequestId, /^[0-9a-f-]{36}$/);
    assert.equal(state.lastRequestHttpStatusCode, 200);
  });

  it('5006 and 5007 as the account’s binding throws them', async () => {
    const bad = await ask({ model: RERANKER, inputs: { text: 'This pizza is great!' } });
    assert.deepEqual(
      [bad.name, bad.message],
      ['InferenceUpstreamError', "5006: Error: required properties at '/' are 'query,contexts'"],
    );
    assert.deepEqual([bad.lastRequestHttpStatusCode, bad.lastRequestInternalStatusCode], [400, 5006]);
    const unknown = await ask({ model: '@cf/x/y', inputs });
    assert.equal(unknown.message, '5007: No such model @cf/x/y or task');
  });

  it('returnRawResponse, with a gateway too, for errors too', async () => {
    const good = await ask({ model: RERANKER, inputs, options: { returnRawResponse: true, gateway: { id: 'g' } } });
    assert.equal(good.value.body.response[0].id, BEST);
    const bad = await ask({ model: RERANKER, inputs: {}, options: { returnRawResponse: true } });
    assert.deepEqual([bad.value.status, bad.value.body.internalCode], [400, 5006]);
  });

  it('models() lists; the gateway says what to use', async () => {
    const { value } = await ask({ models: true });
    assert.ok(value.some(({ id }) => id === RERANKER));
    assert.match((await ask({ gateway: true })).message, /env\.AI\.run and env\.AI\.models only/);
  });

  it('the passages are those of the request, byte for byte', async () => {
    const contexts = [{ text: 'naïve 日本語 \u0000 \ud83c\udf45' }, ...TEXTS.map((text) => ({ text }))];
    const { value } = await ask({ model: RERANKER, inputs: { query: QUERY, contexts } });
    assert.deepEqual(value, await reranker.rerank({ query: QUERY, contexts }));
  });
});
