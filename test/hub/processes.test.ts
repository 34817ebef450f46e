import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoCache, snapshotFolder } from '../../src/models/hub/cache';
import { DEFAULT_POLICY } from '../../src/models/hub/retry';
import { temporaryFolder } from '../support/temporary-folder';
import { COMMIT, etagOf, FakeHub, fakeModel } from './fake-hub';

const KILLS = 50;
const PROCESSES = 8;
const CHILD = join(__dirname, 'pull-process.js');
const NEEDED = ['config.json', 'tokenizer.json', 'onnx/model.onnx_data', 'onnx/model.onnx'];

let hub: FakeHub;
let cacheFolder: string;

beforeEach(async () => {
  hub = await new FakeHub('owner/model', fakeModel(4_000_000)).start();
  cacheFolder = temporaryFolder();
});

afterEach(() => hub.stop());

function start(): ChildProcess {
  const settings = { endpoint: hub.endpoint, offline: false, cacheFolder };
  const policy = { ...DEFAULT_POLICY, pauseMs: 10, lockStaleMs: 2000 };
  return spawn(process.execPath, [CHILD, JSON.stringify({ settings, policy })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
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

/** Kills the child once the hub has sent it this many bytes; false if it was done before. */
async function killAfter(child: ChildProcess, bytes: number): Promise<boolean> {
  const goal = hub.sentBytes + bytes;
  const exit = once(child, 'exit');
  while (hub.sentBytes < goal && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 2));
  child.kill('SIGKILL');
  const [, signal] = (await exit) as [number | null, string | null];
  return signal === 'SIGKILL';
}

it(`a download killed ${KILLS} times at random offsets ends with the right bytes`, async () => {
  hub.chunkBytes = 4096;
  hub.chunkPauseMs = 1;
  let killed = 0;
  for (let i = 0; i < KILLS; i++) {
    if (await killAfter(start(), Math.floor(Math.random() * 100_000))) killed += 1;
    expectNothingPartial();
  }
  expect(killed).toBe(KILLS);
  hub.chunkBytes = 0;
  const last = start();
  expect((await once(last, 'exit'))[0]).toBe(0);
  expectComplete();
  const ranges = hub.downloads('onnx/model.onnx_data').map(({ range }) => range);
  expect(ranges.filter((range) => range !== undefined).length).toBeGreaterThan(KILLS / 2);
  // Resumed, not started over: what is sent twice is what was on the way when a process died.
  expect(hub.sentBytes).toBeLessThan(2 * 4_090_000);
}, 400_000);

it(`${PROCESSES} processes at once make one download`, async () => {
  hub.chunkBytes = 64 * 1024;
  hub.chunkPauseMs = 5;
  const children = Array.from({ length: PROCESSES }, start);
  const exits = await Promise.all(children.map(async (child) => ((await once(child, 'exit')) as [number])[0]));
  expect(exits).toEqual(children.map(() => 0));
  expectComplete();
  for (const name of NEEDED) expect(hub.downloads(name)).toHaveLength(1);
}, 60_000);
