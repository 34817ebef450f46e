// Queries with candidate passages: Cranfield with judgements where it is at hand, else passages made here.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { generatedDataset } from './generated.mjs';

const beside = fileURLToPath(new URL('../../../shared/relevance/', import.meta.url));
const DEFAULT_CRANFIELD = path.join(beside, 'cranfield.jsonl.gz');
const DEFAULT_REFERENCE = path.join(beside, 'cranfield.minilm-l12-int8.reference.jsonl.gz');

function readJsonLines(file) {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/**
 * @param {{ cranfield?: string, reference?: string }} files JSON lines, gzipped or not.
 *   cranfield: { id, query, ideal: grades best first, contexts: [{ text, grade }] }; reference: { id, logits }.
 * @returns {{ name, queries: [{ id, query, contexts: string[], grades?, ideal? }], reference: Map<id, logits> }}
 */
export function loadDataset({ cranfield, reference }) {
  const file = cranfield ?? DEFAULT_CRANFIELD;
  if (!existsSync(file)) {
    if (cranfield) throw new Error(`--cranfield: ${cranfield} is not there`);
    return generatedDataset();
  }
  const queries = readJsonLines(file).map(({ id, query, ideal, contexts }) => ({
    id,
    query,
    ideal,
    contexts: contexts.map((context) => context.text),
    grades: contexts.map((context) => context.grade),
  }));
  const logitsFile = reference ?? DEFAULT_REFERENCE;
  const logits = existsSync(logitsFile) ? readJsonLines(logitsFile) : [];
  return { name: 'Cranfield', queries, reference: new Map(logits.map((line) => [line.id, line.logits])) };
}
