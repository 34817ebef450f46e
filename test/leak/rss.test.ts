import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { minilmFolder } from '../support/models';

/** Resident bytes after each round. */
function residentSets(what: string, rounds: number): number[] {
  const script = path.join(__dirname, 'child.cjs');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', script, what, String(rounds), minilmFolder()],
    { encoding: 'utf8', timeout: 600_000 },
  );
  if (status !== 0) throw new Error(stderr);
  return stdout.trim().split('\n').map(Number);
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

/** How much a round adds in the long run: the median of the last third against that of the middle third. */
function growthPerRound(sets: number[]): number {
  const third = Math.floor(sets.length / 3);
  return (median(sets.slice(-third)) - median(sets.slice(third, 2 * third))) / third;
}

describe('resident memory does not grow', () => {
  test('with each load and close: less than a tenth of the model', () => {
    expect(growthPerRound(residentSets('load', 15))).toBeLessThan(3_400_000);
  });

  test('with each 30 requests', () => {
    expect(growthPerRound(residentSets('rerank', 24))).toBeLessThan(300_000);
  });

  test('with each 2,000 refused requests', () => {
    expect(growthPerRound(residentSets('refuse', 15))).toBeLessThan(300_000);
  });
});
