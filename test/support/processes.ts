import type { ChildProcess } from 'node:child_process';

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** How a process ends or has ended. Unlike events.once() it may be asked at any time. */
export function endOf(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve, reject) => {
    if (hasEnded(child)) resolve({ code: child.exitCode, signal: child.signalCode });
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

const running = new Set<ChildProcess>();

/** Notes a process for `killRunning`. */
export function noted<Child extends ChildProcess>(child: Child): Child {
  running.add(child);
  const forget = () => running.delete(child);
  child.once('exit', forget);
  child.once('error', forget);
  return child;
}

/** For afterEach or afterAll: ends the noted processes that a failed test left, so that jest can end. */
export async function killRunning(): Promise<void> {
  const children = [...running];
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(children.map(endOf));
}
