import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { rerank } from 'ai';
import { createAi } from 'bge-reranker/workers-ai';
import Cloudflare from 'cloudflare';
import { CohereClient, CohereClientV2, CohereError } from 'cohere-ai';
import { VoyageAIClient, VoyageAIError } from 'voyageai';
import { createWorkersAI } from 'workers-ai-provider';
import { ACCOUNT, BEST, CONTEXTS, MODEL, QUERY, RERANKER, run, start, TEXTS, TOKEN } from './support.mjs';

describe('clients in Node and curl', () => {
  let server;
  before(async () => (server = await start()));
  after(() => server.close());

  it('curl, as the page has it', async () => {
    const url = `${server.url}/client/v4/accounts/${ACCOUNT}/ai/run/${RERANKER}`;
    const body = JSON.stringify({ query: QUERY, contexts: CONTEXTS });
    // No content type: curl then says that it sends a form.
    const { code, stdout } = await run('curl', [
      '-s',
      url,
      '-X',
      'POST',
      '-H',
      `Authorization: Bearer ${TOKEN}`,
      '-d',
      body,
    ]);
    assert.equal(code, 0);
    const answer = JSON.parse(stdout);
    assert.equal(answer.result.response[0].id, BEST);
    assert.deepEqual([answer.success, answer.errors, answer.messages], [true, [], []]);
  });

  it('the official cloudflare package', async () => {
    const client = new Cloudflare({ apiToken: TOKEN, baseURL: `${server.url}/client/v4`, maxRetries: 0 });
    const answer = await client.ai.run(RERANKER, { account_id: ACCOUNT, query: QUERY, contexts: CONTEXTS, top_k: 2 });
    assert.deepEqual(Object.keys(answer), ['response', 'usage']);
    assert.equal(answer.response[0].id, BEST);
    assert.equal(answer.response.length, 2);
    await assert.rejects(client.ai.run(RERANKER, { account_id: ACCOUNT, text: 'This pizza is great!' }), (error) => {
      assert.ok(error instanceof Cloudflare.BadRequestError);
      assert.equal(error.errors[0].code, 5006);
      return true;
    });
    const stranger = new Cloudflare({ apiToken: 'wrong', baseURL: `${server.url}/client/v4`, maxRetries: 0 });
    await assert.rejects(stranger.ai.run(RERANKER, { account_id: ACCOUNT }), Cloudflare.AuthenticationError);
  });

  it('cohere-ai, v1 and v2', async () => {
    const options = { token: TOKEN, environment: server.url };
    const v2 = await new CohereClientV2(options).rerank({
      model: 'rerank-v3.5',
      query: QUERY,
      documents: TEXTS,
      topN: 2,
    });
    assert.deepEqual([v2.results[0].index, v2.results.length, v2.meta.apiVersion.version], [BEST, 2, '2']);
    const v1 = await new CohereClient(options).rerank({
      model: 'rerank-english-v3.0',
      query: QUERY,
      documents: CONTEXTS,
      returnDocuments: true,
    });
    assert.equal(v1.results[0].document.text, TEXTS[BEST]);
    await assert.rejects(
      new CohereClientV2(options).rerank({ model: 'rerank-v3.5', query: '', documents: TEXTS }),
      (error) => error instanceof CohereError && error.statusCode === 400,
    );
  });

  it('voyageai', async () => {
    const client = new VoyageAIClient({ apiKey: TOKEN, environment: `${server.url}/v1` });
    const request = { model: 'rerank-2.5', query: QUERY, documents: TEXTS };
    const answer = await client.rerank({ ...request, topK: 2, returnDocuments: true });
    assert.deepEqual([answer.object, answer.data.length, answer.model], ['list', 2, 'rerank-2.5']);
    assert.deepEqual([answer.data[0].index, answer.data[0].document], [BEST, TEXTS[BEST]]);
    assert.ok(answer.data[0].relevanceScore > answer.data[1].relevanceScore && answer.usage.totalTokens > 0);
    await assert.rejects(
      client.rerank({ ...request, documents: [] }, { maxRetries: 0 }),
      (error) => error instanceof VoyageAIError && error.statusCode === 400,
    );
  });

  it('the AI SDK’s rerank() over createAi', async () => {
    const binding = createAi({ model: MODEL });
    try {
      const model = createWorkersAI({ binding }).reranking(RERANKER);
      const { ranking, rerankedDocuments } = await rerank({ model, query: QUERY, documents: TEXTS, topN: 2 });
      assert.equal(ranking[0].originalIndex, BEST);
      assert.equal(rerankedDocuments[0], TEXTS[BEST]);
      assert.equal(ranking.length, 2);
    } finally {
      await binding.close();
    }
  });
});
