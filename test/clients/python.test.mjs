import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ACCOUNT, BEST, HERE, PYTHON, PYTHON_SKIP, QUERY, run, start, TEXTS, TOKEN } from './support.mjs';

describe('Python clients', { skip: PYTHON_SKIP }, () => {
  let server;
  before(async () => (server = await start()));
  after(() => server.close());

  async function python(script, more = {}) {
    const env = {
      ...process.env,
      API_BASE_URL: server.url,
      API_TOKEN: TOKEN,
      ACCOUNT_ID: ACCOUNT,
      QUERY,
      TEXTS: JSON.stringify(TEXTS),
      ...more,
    };
    const { code, stdout, stderr } = await run(PYTHON, [path.join(HERE, 'python', script)], { env });
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout.trim().split('\n').at(-1));
  }

  it('requests', async () => {
    const answer = await python('rest_requests.py');
    assert.equal(answer.success, true);
    assert.equal(answer.result.response[0].id, BEST);
    assert.equal(answer.result.response.length, TEXTS.length);
    assert.ok(answer.result.usage.total_tokens > 0);
  });

  it('the official cloudflare package: a result, and an error with its code', async () => {
    const { result, code } = await python('cloudflare_sdk.py');
    assert.equal(result.response[0].id, BEST);
    assert.equal(code, 5006);
  });

  it('the official cohere package, v1 and v2', async () => {
    for (const ranked of await python('cohere_sdk.py')) {
      assert.equal(ranked[0], BEST);
      assert.equal(ranked.length, TEXTS.length);
    }
  });

  it('LiteLLM, six servers, an empty document among the others', async () => {
    const vllm = await start({ dialects: ['vllm'] });
    try {
      const answers = await python('litellm_rerank.py', { VLLM_BASE_URL: vllm.url });
      assert.equal(Object.keys(answers).length, 6);
      for (const ranked of Object.values(answers)) {
        assert.equal(ranked[0], BEST);
        assert.deepEqual(ranked.toSorted(), [0, 1, 2, 3]);
      }
    } finally {
      await vllm.close();
    }
  });

  it('LlamaIndex’s TEI reranker', async () => {
    const ranked = await python('llama_index_tei.py');
    assert.equal(ranked.length, 2);
    assert.equal(ranked[0], TEXTS[BEST]);
  });
});
