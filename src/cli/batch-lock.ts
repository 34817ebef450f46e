import { setTimeout as sleep } from 'node:timers/promises';
import { RerankError } from '../errors';
import { isLock, tryLock, type FileLock } from '../base/file-lock';
import { besideOutput } from './batch-files';
import { fileError, usageError } from './usage-error';

/** The loop of a run is never busy for long: who is silent for this time is gone, or stopped. */
const STALE_MS = 5000;
const POLL_MS = 200;

function inUse(output: string, pid: number | undefined): RerankError {
  const who = pid === undefined ? 'a process of another machine or container' : `process ${pid}`;
  return usageError(`${output} is being written by another batch (${who}); wait for it or name another output file`);
}

/** For a run that was stopped for so long that another one went on with its file. */
export function takenOver(output: string): RerankError {
  return usageError(`${output} was taken over by another batch while this one was stopped; leave it to that one`);
}

async function tryOutput(output: string): ReturnType<typeof tryLock> {
  try {
    return await tryLock(besideOutput(output).lock, STALE_MS);
  } catch (error) {
    throw fileError('write', output, error);
  }
}

/**
 * The right to write `output`, for one process at a time. The lock of a run that was killed is taken over: at once on
 * the same machine, else after 5 seconds.
 * @throws {RerankError} INVALID_OPTION where another run is at it.
 */
export async function lockOutput(output: string): Promise<FileLock> {
  const deadline = Date.now() + STALE_MS + 1000;
  for (;;) {
    // Looked at before the last try, which so comes late enough to find the lock of a dead run stale.
    const isLast = Date.now() > deadline;
    const lock = await tryOutput(output);
    if (isLock(lock)) return lock;
    if (lock.pid !== undefined || isLast) throw inUse(output, lock.pid);
    await sleep(POLL_MS);
  }
}
