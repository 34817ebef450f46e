import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

const root = path.join(__dirname, '..', '..', '..', 'shared');

/**
 * `describe` for tests on the maintainers' data beside the repository. A user's clone has none: there they are skipped,
 * and the title says so. CI sets BGE_RERANKER_REQUIRE_SHARED, so that nothing is skipped there.
 */
export function describeWithShared(title: string, file: string, body: () => void): void {
  if (existsSync(path.join(root, file)) || process.env.BGE_RERANKER_REQUIRE_SHARED) describe(title, body);
  else describe.skip.call(null, `${title} (skipped: ../shared/${file} is not here)`, body);
}

export const sharedText = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** The parsed lines of a gzipped JSON Lines file. Split at \n only: texts hold other line separators. */
export function* sharedLines<Line>(file: string): Generator<Line> {
  for (const line of gunzipSync(readFileSync(path.join(root, file)))
    .toString('utf8')
    .split('\n')) {
    if (line) yield JSON.parse(line) as Line;
  }
}
