import { setTimeout as sleep } from 'node:timers/promises';

/** Below jest's own limit, so that no poll outlives its test. */
const LIMIT_MS = 240_000;
const POLL_MS = 5;

/**
 * Waits for a condition: one that lasts once it holds, or for long against any delay of this process, as a shorter one
 * may pass unseen.
 */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${LIMIT_MS / 1000} s`);
    await sleep(POLL_MS);
  }
}
