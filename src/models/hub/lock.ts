import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLock, tryLock } from '../../base/file-lock';

const POLL_MS = 100;

/**
 * Runs `work` in the one process that holds the lock `name`, until `isDone` says that this or another one finished.
 * Locks lie below `locks`. A holder that was held up for `staleMs` loses its lock: `work` must ask `isHeld` and give up.
 */
export async function whileLocked(
  { locks, name, staleMs }: { locks: string; name: string; staleMs: number },
  isDone: () => Promise<boolean>,
  work: (isHeld: () => boolean) => Promise<void>,
): Promise<void> {
  await mkdir(locks, { recursive: true });
  const lockfilePath = join(locks, `${name}.bge-reranker.lock`);
  for (;;) {
    if (await isDone()) return;
    const lock = await tryLock(lockfilePath, staleMs);
    if (!isLock(lock)) {
      await sleep(POLL_MS);
      continue;
    }
    try {
      if (!(await isDone())) await work(lock.isHeld);
    } catch (error) {
      if (lock.isHeld()) throw error;
    } finally {
      await lock.release();
    }
  }
}
