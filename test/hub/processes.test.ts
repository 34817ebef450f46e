import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { repoCache, snapshotFolder } from '../../src/models/hub/cache';
import { DEFAULT_POLICY } from '../../src/models/hub/retry';
import { endOf, hasEnded, killRunning, noted } from '../support/processes';
import { temporaryFolder } from '../support/temporary-folder';
import { until } from '../support/until';
import { COMMIT, etagOf, FakeHub, fakeModel } from './fake-hub';

const KILLS = 50;
const WEIGHT_BYTES = 4_000_000;
/** What the hub may send to a process before it is killed: less in all than the model has. */
const MOST_BYTES = WEIGHT_BYTES / KILLS;
/** Sent and not yet on the disk when a process is killed. */
const ON_THE_WAY = 2 * 4096;
const PROCESSES = 8;
const CHILD = join(__dirname, 'pull-process.js');
const NEEDED = ['config.json', 'tokenizer.json', 'onnx/model.onnx_data', 'onnx/model.onnx'];

let hub: FakeHub;
let cacheFolder: string;

beforeEach(async () => {
  hub = await new FakeHub('owner/model', fakeModel(WEIGHT_BYTES)).start();
  cacheFolder = temporaryFolder();
});

afterEach(killRunning);
afterEach(() => hub.stop());

function start(lockStaleMs = 2000): ChildProcess {
  const settings = { endpoint: hub.endpoint, offline: false, cacheFolder };
  const policy = { ...DEFAULT_POLICY, pauseMs: 10, lockStaleMs };
  const args = [CHILD, JSON.stringify({ settings, policy })];
  return noted(spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] }));
}

/** Every file under a final name is whole. */
function expectNothingPartial(): void {
  const cache = repoCache(cacheFolder, 'owner/model');
  const etags = new Map(Object.values(hub.files).map((file) => [etagOf(file), file]));
  const blobs = existsSync(cache.blobs) ? readdirSync(cache.blobs) : [];
  for (const name of blobs.filter((blob) => !blob.endsWith('.incomplete'))) {
    expect(readFileSync(join(cache.blobs, name)).equals(etags.get(name)!.content)).toBe(true);
  }
  for (const name of NEEDED) {
    const path = join(snapshotFolder(cache, COMMIT), name);
    if (existsSync(path)) expect(readFileSync(path).equals(hub.files[name]!.content)).toBe(true);
  }
}

function expectComplete(): void {
  for (const name of NEEDED) {
    const path = join(snapshotFolder(repoCache(cacheFolder, 'owner/model'), COMMIT), name);
    expect(readFileSync(path).equals(hub.files[name]!.content)).toBe(true);
  }
}

/** Bytes of all files in the cache, whole or not. */
function bytesOnDisk(): number {
  const { blobs } = repoCache(cacheFolder, 'owner/model');
  const names = existsSync(blobs) ? readdirSync(blobs) : [];
  // One that is renamed meanwhile counts the next time.
  return names.reduce((sum, name) => sum + (statSync(join(blobs, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** A process that the hub sends so many bytes and no more, killed when all but the last of them are on the disk. */
async function killedAfter(bytes: number): Promise<void> {
  const goal = bytesOnDisk() + bytes;
  hub.sendLimit = hub.sentBytes + bytes;
  const child = start();
  await until('the process has what it gets', () => {
    return hasEnded(child) || (hub.sentBytes === hub.sendLimit && bytesOnDisk() >= goal - ON_THE_WAY);
  });
  child.kill('SIGKILL');
  expect(await endOf(child)).toEqual({ code: null, signal: 'SIGKILL' });
  await hub.disconnect();
}

it(`a download killed ${KILLS} times at random offsets ends with the right bytes`, async () => {
  hub.chunkBytes = 4096;
  hub.chunkPauseMs = 1;
  for (let i = 0; i < KILLS; i++) {
    await killedAfter(1 + Math.floor(Math.random() * MOST_BYTES));
    expectNothingPartial();
  }
  hub.chunkBytes = 0;
  hub.sendLimit = Infinity;
  expect(await endOf(start())).toEqual({ code: 0, signal: null });
  expectComplete();
  const ranges = hub.downloads('onnx/model.onnx_data').map(({ range }) => range);
  expect(ranges.filter((range) => range !== undefined).length).toBeGreaterThan(KILLS / 2);
  // Resumed, not started over: what is sent twice is what was on the way when a process died.
  const modelBytes = NEEDED.reduce((sum, name) => sum + hub.files[name]!.content.length, 0);
  expect(hub.sentBytes).toBeLessThanOrEqual(modelBytes + KILLS * ON_THE_WAY);
});

it(`${PROCESSES} processes at once make one download`, async () => {
  hub.chunkBytes = 64 * 1024;
  hub.chunkPauseMs = 5;
  // None of them is taken for dead, however long it has to wait for its turn.
  const children = Array.from({ length: PROCESSES }, () => start(240_000));
  const ends = await Promise.all(children.map(endOf));
  expect(ends).toEqual(children.map(() => ({ code: 0, signal: null })));
  expectComplete();
  for (const name of NEEDED) expect(hub.downloads(name)).toHaveLength(1);
});
