// The rerank APIs inside a Fastify app, under /rerank-api, in a plugin of their own that leaves bodies unread.
import { Reranker } from 'bge-reranker';
import { createHandler } from 'bge-reranker/server';
import Fastify from 'fastify';

const PREFIX = '/rerank-api';

const reranker = await Reranker.load(process.env.MODEL ?? '@cf/baai/bge-reranker-base');
const handler = createHandler(reranker);

async function rerankApi(app) {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.all('/*', (request, reply) => {
    reply.hijack();
    request.raw.url = request.raw.url.slice(PREFIX.length) || '/';
    handler.listener(request.raw, reply.raw);
  });
}

const app = Fastify();
app.register(rerankApi, { prefix: PREFIX });
app.get('/', () => 'The app itself');

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) });
process.once('SIGTERM', () => app.close().then(() => reranker.close()));
