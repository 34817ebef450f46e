import { onAbort } from './base/on-abort';
import { RerankError } from './errors';

/** When to give up on a call. */
export interface Limits {
  signal: AbortSignal | undefined;
  timeoutMs: number | undefined;
  /** On the clock of performance.now(); undefined without a timeout. */
  deadline: number | undefined;
}

type Stop = 'ABORTED' | 'TIMEOUT';

export function startLimits(signal: AbortSignal | undefined, timeoutMs: number | undefined): Limits {
  return { signal, timeoutMs, deadline: timeoutMs === undefined ? undefined : performance.now() + timeoutMs };
}

/** Settles with whichever comes first of the work, the abort and the timeout; leaves no timer and no listener behind. */
function firstOf<T>(work: Promise<T>, { signal, deadline }: Limits): Promise<{ done: T } | { stopped: Stop }> {
  return new Promise((resolve, reject) => {
    const abandon = signal && onAbort(signal, () => finish(() => resolve({ stopped: 'ABORTED' })));
    const timer =
      deadline === undefined
        ? undefined
        : setTimeout(() => finish(() => resolve({ stopped: 'TIMEOUT' })), deadline - performance.now());
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      abandon?.();
      settle();
    };
    work.then(
      (done) => finish(() => resolve({ done })),
      (error: unknown) => finish(() => reject(error)),
    );
  });
}

/** For work that has no promise to race: throws what `within` would. */
export function throwIfStopped({ signal, timeoutMs, deadline }: Limits): void {
  if (signal?.aborted) throw signal.reason;
  if (deadline !== undefined && performance.now() >= deadline) throw timedOut(timeoutMs);
}

const timedOut = (timeoutMs: number | undefined) =>
  new RerankError('TIMEOUT', `Not done within ${timeoutMs} ms; raise timeoutMs or send fewer contexts`);

/** The work's result; once a limit strikes, `cancel` is called and the signal's reason or a TIMEOUT error thrown. */
export async function within<T>(work: Promise<T>, limits: Limits, cancel?: (stop: Stop) => void): Promise<T> {
  if (!limits.signal && limits.deadline === undefined) return work;
  const outcome = await firstOf(work, limits);
  if ('done' in outcome) return outcome.done;
  cancel?.(outcome.stopped);
  if (outcome.stopped === 'ABORTED') throw limits.signal!.reason;
  throw timedOut(limits.timeoutMs);
}
