import { cloudflare } from './cloudflare';
import { cohere } from './cohere';
import type { Dialect, Served } from './dialect';
import { infinity } from './infinity';
import { jina } from './jina';
import { tei } from './tei';
import { vllm } from './vllm';

/**
 * Every dialect. On a path that several share the first whose `claims` holds answers, and the last takes the rest:
 * vLLM's bodies have the most special fields, Cohere's come before Jina's on /v1/rerank, infinity's before TEI's on /rerank.
 */
const DIALECTS = { cloudflare, vllm, cohere, jina, infinity, tei } satisfies Record<
  string,
  (served: Served) => Dialect
>;

export type DialectName = keyof typeof DIALECTS;

export const DIALECT_NAMES = Object.keys(DIALECTS) as readonly DialectName[];

/** All dialects for one model, in the order in which they are asked. */
export function createDialects(served: Served): [DialectName, Dialect][] {
  return DIALECT_NAMES.map((name) => [name, DIALECTS[name](served)]);
}
