import * as v from 'valibot';
import { cohere } from './cohere';
import type { Dialect, DialectName, Endpoint, Served } from './dialect';
import { infinity } from './infinity';
import { jina } from './jina';
import { tei } from './tei';
import { vllm } from './vllm';

/** An endpoint with its dialect. */
export interface Route {
  endpoint: Endpoint;
  dialect: Dialect;
}

// On a shared path the first whose `claims` holds answers, and the last takes the rest: vLLM's have the most special
// fields, Cohere's come before Jina's on /v1/rerank, infinity's before TEI's on /rerank.
const ORDER: [Exclude<DialectName, 'cloudflare'>, (served: Served) => Dialect][] = [
  ['vllm', vllm],
  ['cohere', cohere],
  ['jina', jina],
  ['infinity', infinity],
  ['tei', tei],
];

/** The enabled dialects' routes by path; Cloudflare's, whose model stands in the path, is apart. */
export function routesByPath(enabled: readonly DialectName[], served: Served): Map<string, Route[]> {
  const routes = ORDER.filter(([name]) => enabled.includes(name))
    .map(([, create]) => create(served))
    .flatMap((dialect) => dialect.endpoints.map((endpoint) => ({ endpoint, dialect })));
  const paths = new Map<string, Route[]>();
  for (const route of routes) {
    const { path } = route.endpoint;
    paths.set(path, [...(paths.get(path) ?? []), route]);
  }
  return paths;
}

/** The route that a body is meant for; the last one's for what is no object, or not known yet. */
export function chooseRoute(routes: readonly Route[], body: unknown): Route {
  const claiming = ({ endpoint: { claims } }: Route) => claims === undefined || v.is(claims, body);
  return routes.find(claiming) ?? routes[routes.length - 1]!;
}
