import { RerankError } from './errors';
import type { DocumentsInput, RankedDocument, RankedDocuments, RerankOutput } from './types';
import { checkText, checkTopK, type CheckedInput } from './validate';

/** What stands between the fields of one document. */
const BETWEEN_FIELDS = '\n';

function textOf<D>(document: D, index: number, text: DocumentsInput<D>['text']): string {
  const given: unknown = text
    ? text(document)
    : ((document as { text?: unknown } | null | undefined)?.text ?? document);
  const fields: unknown[] = Array.isArray(given) ? (given as unknown[]) : [given];
  if (fields.every((field) => typeof field === 'string')) return fields.filter(Boolean).join(BETWEEN_FIELDS);
  const message = text
    ? `Expected a string, or a list of strings, from 'text' for document ${index}`
    : `Expected a string, or an object with a string 'text', as document ${index}; else give 'text'`;
  throw new RerankError('INVALID_INPUT', message, { path: `/documents/${index}` });
}

/** Copies the list, and reads each document's text once. A text may be empty, as a document of a search may be. */
export function checkDocuments<D>(input: DocumentsInput<D>): { checked: CheckedInput; documents: readonly D[] } {
  const { query, documents: given, text, top_k: topK } = (input as Partial<DocumentsInput<D>> | null | undefined) ?? {};
  checkText('/query', query);
  if (!Array.isArray(given)) {
    throw new RerankError('INVALID_INPUT', 'Expected a list of documents', { path: '/documents' });
  }
  const documents: readonly D[] = [...(given as D[])];
  const texts = documents.map((document, index) => textOf(document, index, text));
  const checked = { query: query!, texts, topK: Math.min(checkTopK(topK, { nullTopK: 'all' }), texts.length) };
  return { checked, documents };
}

/** The documents themselves with their scores, in the order of the answer. */
export function withDocuments<D>(documents: readonly D[], { response, skipped }: RerankOutput): RankedDocuments<D> {
  const results = response.map(({ id, ...rest }): RankedDocument<D> => ({
    document: documents[id]!,
    index: id,
    ...rest,
  }));
  return skipped ? { results, skipped } : { results };
}
