// The rerank APIs inside an Express app, under /rerank-api. Mount them before body parsers: they read the body themselves.
import { Reranker } from 'bge-reranker';
import { createHandler } from 'bge-reranker/server';
import express from 'express';

const reranker = await Reranker.load(process.env.MODEL ?? '@cf/baai/bge-reranker-base');
const handler = createHandler(reranker);

const app = express();
app.use('/rerank-api', (request, response) => handler.listener(request, response));
app.use(express.json());
app.get('/', (_request, response) => response.send('The app itself'));

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
process.once('SIGTERM', () => server.close(() => reranker.close()));
