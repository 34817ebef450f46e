import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from 'proper-lockfile';

const POLL_MS = 100;

/**
 * Runs `work` in the one process that holds the lock `name`, until `isDone` says that this or another one finished.
 * Locks are folders below `locks`, made atomically and touched while held. A holder that was killed, or held up for
 * `staleMs`, loses its lock: `work` must ask `isHeld` and give up.
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
    let held = true as boolean;
    let release: () => Promise<void>;
    try {
      release = await lock(lockfilePath, {
        lockfilePath,
        realpath: false,
        stale: staleMs,
        update: Math.max(1000, staleMs / 5),
        onCompromised: () => (held = false),
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
      await sleep(POLL_MS);
      continue;
    }
    try {
      if (!(await isDone())) await work(() => held);
    } catch (error) {
      if (held) throw error;
    } finally {
      // A lock that was taken over is no longer ours to release.
      await release().catch(() => undefined);
    }
  }
}

export async function fileSize(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch {
    return undefined;
  }
}
