import { readlinkSync } from 'node:fs';
import { readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from 'proper-lockfile';

export interface FileLock {
  /** False once the lock was lost: this process was held up, and another one took over. */
  isHeld: () => boolean;
  release: () => Promise<void>;
}

/** Who holds a lock that could not be had. */
export interface Holder {
  /** Undefined for a process of another machine or container, or one that has not said yet. */
  pid: number | undefined;
}

/** The steps behind the gate take milliseconds; this is for a process that was killed in between. */
const GATE_STALE_MS = 2000;
const GATE_POLL_MS = 20;

/** Where process ids mean the same: this machine, and on Linux this container. */
function processSpace(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function readOwner(path: string): Promise<number | undefined> {
  try {
    const { pid, space } = JSON.parse(await readFile(path, 'utf8')) as { pid: number; space: string };
    return space === processSpace() ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Waits until this is the one process behind the gate. */
async function enter(gate: string): Promise<FileLock> {
  for (;;) {
    const entered = await acquire(gate, GATE_STALE_MS);
    if (entered) return entered;
    await sleep(GATE_POLL_MS);
  }
}

/** Undefined while anyone holds it. */
async function acquire(path: string, staleMs: number): Promise<FileLock | undefined> {
  let held = true;
  try {
    const release = await lock(path, {
      lockfilePath: path,
      realpath: false,
      stale: staleMs,
      update: Math.max(1000, staleMs / 5),
      onCompromised: () => (held = false),
    });
    return { isHeld: () => held, release };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
    return undefined;
  }
}

/**
 * Takes the lock `path`: a folder, made atomically and touched while held, with the holder's process id in
 * `<path>.owner`. A holder that was killed loses it at once where that can be told (a process of this machine), else, as
 * one that is held up, after `staleMs` (2,000 at least).
 */
export async function tryLock(path: string, staleMs: number): Promise<FileLock | Holder> {
  const owner = `${path}.owner`;
  // One process at a time: so the owner's file always belongs to the lock that is there, or its writer is dead too.
  const gate = await enter(`${path}.gate`);
  try {
    let taken = await acquire(path, staleMs);
    if (!taken) {
      const pid = await readOwner(owner);
      if (pid === undefined || isAlive(pid)) return { pid };
      await rmdir(path).catch(() => undefined);
      taken = await acquire(path, staleMs);
      if (!taken) return { pid: undefined };
    }
    await writeFile(owner, JSON.stringify({ pid: process.pid, space: processSpace() }));
    return withOwner(taken, owner);
  } finally {
    // If another process took the gate over meanwhile, it is no longer ours to release.
    await gate.release().catch(() => undefined);
  }
}

function withOwner({ isHeld, release }: FileLock, owner: string): FileLock {
  return {
    isHeld,
    release: async () => {
      // A lock that was taken over is no longer ours to release.
      if (!isHeld()) return;
      await rm(owner, { force: true });
      await release().catch(() => undefined);
    },
  };
}

export const isLock = (answer: FileLock | Holder): answer is FileLock => 'release' in answer;
