import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { Failure, STATUS } from '../../serving/failure';
import type { Scored } from '../../serving/scorer';
import { endpoint, type Dialect, type Endpoint, type Served } from './dialect';
import { EXAMPLE } from './example';
import { anyText, anyTexts, count, flag, model, only, text, tokenLimit, topN, withAnyOf } from './fields';

const DOCUMENTS_PER_SEARCH_UNIT = 100;

const result = { index: count, relevance_score: v.number() };
const meta = v.object({
  api_version: v.object({ version: v.string() }),
  billed_units: v.object({ search_units: v.number() }),
});

function metaOf(version: string, documents: number) {
  return { api_version: { version }, billed_units: { search_units: Math.ceil(documents / DOCUMENTS_PER_SEARCH_UNIT) } };
}

function rows({ results }: Scored) {
  return results.map(({ index, score }) => ({ index, relevance_score: score }));
}

/** An empty document among others is ranked, last as a rule. */
function refuseBlanksOnly(documents: readonly string[]): void {
  if (documents.every((document) => document.trim() === '')) {
    throw new Failure('invalid', "'documents' is wrong: one of them at least must hold text");
  }
}

function version2(served: Served): Endpoint {
  return endpoint({
    path: '/v2/rerank',
    summary: 'Rank documents (Cohere v2)',
    example: { model: 'rerank-v3.5', query: EXAMPLE.query, documents: EXAMPLE.texts, top_n: 1 },
    request: v.looseObject({
      model: v.string(),
      query: text,
      documents: anyTexts,
      top_n: topN,
      max_tokens_per_doc: tokenLimit(served),
      priority: v.nullish(v.pipe(v.number(), v.integer())),
    }),
    response: v.object({ id: v.string(), results: v.array(v.object(result)), meta }),
    async answer({ query, documents, top_n }, { scorer, signal }) {
      refuseBlanksOnly(documents);
      const scored = await scorer.score({ query, texts: documents, topN: top_n ?? undefined }, signal);
      return { id: randomUUID(), results: rows(scored), meta: metaOf('2', documents.length) };
    },
  });
}

const objectDocument = v.pipe(v.record(v.string(), v.string()), v.minEntries(1));
type Version1Document = string | Record<string, string>;

/** Each field's place in `rank_fields`, the first where it stands there more than once. */
function placesOf(rankFields: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const field of rankFields) if (!places.has(field)) places.set(field, places.size);
  return places;
}

/**
 * An object is read as its `rank_fields` in their order, else its `text`, else all its fields, as lines of YAML. Each of
 * its fields is looked at once and read once at most, however many `rank_fields` there are: the text is no longer than
 * the document's JSON.
 */
function readDocument(document: Version1Document, places: ReadonlyMap<string, number>): string {
  if (typeof document === 'string') return document;
  const own = Object.keys(document);
  const chosen = own.filter((field) => places.has(field)).sort((a, b) => places.get(a)! - places.get(b)!);
  if (chosen.length === 0 && document['text']) return document['text'];
  const fields = chosen.length > 0 ? chosen : own;
  return fields.map((field) => `${field}: ${document[field]}`).join('\n');
}

/** On /v1/rerank, which Jina and vLLM share: a field that only Cohere has, or a model of Cohere's. */
const isVersion1 = v.union([
  withAnyOf('rank_fields', 'max_chunks_per_doc', 'max_tokens_per_doc'),
  v.looseObject({ model: v.pipe(v.string(), v.regex(/^rerank-/)) }),
]);

function version1(served: Served): Endpoint {
  return endpoint({
    path: '/v1/rerank',
    summary: 'Rank documents (Cohere v1)',
    example: { model: 'rerank-english-v3.0', query: EXAMPLE.query, documents: EXAMPLE.texts, return_documents: true },
    claims: isVersion1,
    request: v.looseObject({
      model,
      query: text,
      documents: v.pipe(v.array(v.union([anyText, objectDocument])), v.minLength(1)),
      top_n: topN,
      rank_fields: v.nullish(v.array(v.string())),
      return_documents: flag,
      max_tokens_per_doc: tokenLimit(served),
      // Its own cuts a long document into so many, and takes the best.
      max_chunks_per_doc: only(1),
    }),
    response: v.object({
      id: v.string(),
      results: v.array(v.object({ ...result, document: v.optional(v.record(v.string(), v.string())) })),
      meta,
    }),
    async answer({ query, documents, top_n, rank_fields, return_documents }, { scorer, signal }) {
      const places = placesOf(rank_fields ?? []);
      const read = documents.map((document) => readDocument(document, places));
      refuseBlanksOnly(read);
      const scored = await scorer.score({ query, texts: read, topN: top_n ?? undefined }, signal);
      const results = rows(scored).map((row) => {
        const document = documents[row.index]!;
        return return_documents
          ? { ...row, document: typeof document === 'string' ? { text: document } : document }
          : row;
      });
      return { id: randomUUID(), results, meta: metaOf('1', documents.length) };
    },
  });
}

/** Cohere's rerank API, versions 1 and 2. Any model name is answered by the served model. */
export function cohere(served: Served): Dialect {
  return {
    title: 'Cohere',
    failure: ({ kind, message }) => ({ status: STATUS[kind], body: { message } }),
    failureSchema: v.object({ message: v.string() }),
    endpoints: [version2(served), version1(served)],
  };
}
