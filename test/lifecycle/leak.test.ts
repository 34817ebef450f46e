import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { minilmFolder } from '../support/models';

/** Resident bytes after each round. */
function residentSets(what: string, rounds: number): number[] {
  const script = path.join(__dirname, 'leak-child.cjs');
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

/** The least growth of three processes, or the first below the bound: a leak shows in each, an allocator's whim in one. */
function leastGrowth(what: string, rounds: number, bound: number): number {
  let least = Infinity;
  for (let i = 0; i < 3 && !(least < bound); i++) least = Math.min(least, growthPerRound(residentSets(what, rounds)));
  return least;
}

describe('resident memory does not grow', () => {
  test('with each load and close: less than a tenth of the model', () => {
    expect(leastGrowth('load', 15, 3_400_000)).toBeLessThan(3_400_000);
  });

  test('with each 30 requests', () => {
    expect(leastGrowth('rerank', 24, 300_000)).toBeLessThan(300_000);
  });

  test('with each 2,000 refused requests', () => {
    expect(leastGrowth('refuse', 15, 300_000)).toBeLessThan(300_000);
  });
});
