import { cloudflare } from './cloudflare';
import { cohere } from './cohere';
import type { Dialect, Served } from './dialect';
import { infinity } from './infinity';
import { jina } from './jina';
import { nim } from './nim';
import { tei } from './tei';
import { vllm } from './vllm';
import { voyage } from './voyage';

/**
 * Every dialect. On a path that several share the first whose `claims` holds answers, and the last takes the rest:
 * vLLM's bodies have the most special fields, then Voyage's, then Cohere's; Jina's take the rest of /v1/rerank, and on
 * /rerank infinity's come before TEI's.
 */
const DIALECTS = { cloudflare, vllm, voyage, cohere, jina, infinity, tei, nim } satisfies Record<
  string,
  (served: Served) => Dialect
>;

export type DialectName = keyof typeof DIALECTS;

export const DIALECT_NAMES = Object.keys(DIALECTS) as readonly DialectName[];

/** All dialects for one model, in the order in which they are asked. */
export function createDialects(served: Served): [DialectName, Dialect][] {
  return DIALECT_NAMES.map((name) => [name, DIALECTS[name](served)]);
}
