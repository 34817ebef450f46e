// The rerank APIs inside a Hono app, under /rerank-api.
import { serve } from '@hono/node-server';
import { Reranker } from 'bge-reranker';
import { createHandler } from 'bge-reranker/server';
import { Hono } from 'hono';

const reranker = await Reranker.load(process.env.MODEL ?? '@cf/baai/bge-reranker-base');
const handler = createHandler(reranker);

const app = new Hono();
app.mount('/rerank-api', (request) => handler.fetch(request));
app.get('/', (c) => c.text('The app itself'));

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 3000) });
process.once('SIGTERM', () => server.close(() => reranker.close()));
