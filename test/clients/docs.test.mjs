import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { miniflareAi } from 'bge-reranker/workers-ai';
import { Miniflare } from 'miniflare';
import ts from 'typescript';
import { ACCOUNT, MODEL, PYTHON, PYTHON_SKIP, ROOT, run, start, TOKEN } from './support.mjs';

const HEADING = '## The clients of Workers AI\n';
const [, DOCS] = readFileSync(path.join(ROOT, 'docs', 'http.md'), 'utf8').split(HEADING);

/** The first block of a language, as it stands. */
function snippet(language) {
  const [, text] = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm').exec(DOCS) ?? [];
  assert.ok(text, `docs/http.md has no ${language} block`);
  return text;
}

describe('the client snippets of docs/http.md run as they stand', () => {
  let server;
  before(async () => (server = await start()));
  after(() => server.close());

  const env = { ...process.env, ACCOUNT_ID: ACCOUNT, API_TOKEN: TOKEN };
  /** The only change: a free port. */
  const onThisPort = (text) => text.replace('http://127.0.0.1:8787', server.url);

  it('curl', async () => {
    const { code, stdout } = await run('sh', ['-c', onThisPort(snippet('sh'))], { env });
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).result.response[0].id, 1);
  });

  it('Python', { skip: PYTHON_SKIP }, async () => {
    const { code, stdout, stderr } = await run(PYTHON, ['-c', onThisPort(snippet('python'))], { env });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^{'result': {'response': \[{'id': 1, /);
  });

  it('the Worker', async () => {
    const { outputText: script } = ts.transpileModule(snippet('ts'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    const worker = { modules: true, script, compatibilityDate: '2026-03-01', cf: false };
    const miniflare = new Miniflare({ ...worker, ...miniflareAi({ model: MODEL }) });
    try {
      const answer = await (await miniflare.dispatchFetch('http://worker/')).json();
      assert.deepEqual(Object.keys(answer), ['response']);
      assert.equal(answer.response[0].id, 1);
    } finally {
      await miniflare.dispose();
    }
  });
});
