import { join } from 'node:path';
import { isLock, tryLock } from '../../src/base/file-lock';
import { temporaryFolder } from '../support/temporary-folder';

// As when this process was held up for longer than a lock is waited for, and another one took it over.
jest.mock('proper-lockfile', () => ({ lock: async () => () => Promise.reject(new Error('Lock is already released')) }));

it('a gate and a lock that were taken over are let go without an error', async () => {
  const lock = await tryLock(join(temporaryFolder(), 'a.lock'), 2000);
  if (!isLock(lock)) throw new Error('the lock was not had');
  await expect(lock.release()).resolves.toBeUndefined();
});
