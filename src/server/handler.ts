import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { PACKAGE_VERSION } from '../base/package-version';
import { createScorer, type ServedReranker } from '../serving/scorer';
import { servedName } from '../serving/served-name';
import { createApp } from './app';
import type { Served } from './dialects/dialect';
import { RouteTable } from './dialects/route-table';
import { createMetrics } from './metrics';
import { checkHandlerOptions, type HandlerOptions } from './options';

/** One reranker behind HTTP, for any server. */
export interface Handler {
  /** WHATWG style: Hono's `mount`, Bun, Deno, tests. Aborting the request's signal frees its queued passages. */
  fetch(request: Request): Promise<Response>;
  /** Node style: `http.createServer`, Express's `use`, a hijacked Fastify reply. The body must not have been read. */
  listener(incoming: IncomingMessage, outgoing: ServerResponse): void;
}

/** @internal `isReady` answers /health/ready; `ownProcess`: the process serves this alone, so its metrics are the server's. */
export function createServedHandler(
  reranker: ServedReranker,
  options: HandlerOptions | undefined,
  isReady: () => boolean,
  ownProcess: boolean,
): Handler {
  const checked = checkHandlerOptions(options);
  const served: Served = { name: servedName(reranker.info.model), info: reranker.info };
  const app = createApp({
    scorer: createScorer(reranker, checked),
    served,
    version: PACKAGE_VERSION,
    options: checked,
    routes: new RouteTable(checked.dialects, served),
    metrics: createMetrics(reranker, ownProcess),
    isReady,
  });
  const listener = getRequestListener((request, { incoming }) => app.fetch(request, { incoming }), {
    overrideGlobalObjects: false,
  });
  return {
    fetch: async (request) => app.fetch(request, {}),
    listener: (incoming, outgoing) => void listener(incoming, outgoing),
  };
}

/**
 * Serves a loaded Reranker by Cloudflare's REST API and the rerank dialects of TEI, Cohere, Jina, infinity and vLLM,
 * with a playground at `/`, docs at `/docs`, `/openapi.json`, `/health` and `/metrics`. The Reranker stays the caller's.
 * @throws {RerankError} INVALID_OPTION.
 */
export function createHandler(reranker: ServedReranker, options?: HandlerOptions): Handler {
  return createServedHandler(reranker, options, () => true, false);
}
