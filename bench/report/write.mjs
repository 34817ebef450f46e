import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chartReport } from './chart.mjs';
import { markdownReport } from './markdown.mjs';

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));

/** Writes the table and the chart of one run; returns both paths. */
export async function writeReport(report) {
  const date = new Date().toISOString();
  const name = date.slice(0, 16).replace(/[T:]/g, '-');
  const chart = path.join(RESULTS, `${name}.svg`);
  const text = path.join(RESULTS, `${name}.md`);
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(chart, await chartReport(report));
  writeFileSync(text, markdownReport({ ...report, date: date.slice(0, 10) }, path.basename(chart)));
  return [text, chart];
}
