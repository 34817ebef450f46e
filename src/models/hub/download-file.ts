import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Response } from 'undici';
import { RerankError } from '../../errors';
import { blobPath, fileSize, partialPath, type RepoCache } from './cache';
import { hubGet, reasonOf } from './http';
import { whileLocked } from './lock';
import type { RepoFile } from './repo-files';
import { Retry, TransientError, type DownloadPolicy } from './retry';
import type { HubSettings } from './settings';

export interface FileSource {
  settings: HubSettings;
  repo: string;
  commit: string;
}

/** Bytes of the file that are on the disk now. */
export type OnBytes = (bytes: number) => void;

/** Small, so that hashing never holds up the event loop. */
const READ_BYTES = 128 * 1024;

function newHash({ check, bytes }: RepoFile): Hash {
  return check === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`);
}

/** A file that grows from the front, with the hash of what is in it. Owned by the process that holds the blob's lock. */
class PartialFile {
  #hash: Hash;
  bytes = 0;

  private constructor(
    private readonly handle: FileHandle,
    private readonly file: RepoFile,
  ) {
    this.#hash = newHash(file);
  }

  /** Opens what an earlier process left, or an empty file, and hashes what is there. */
  static async open(path: string, file: RepoFile): Promise<PartialFile> {
    const partial = new PartialFile(await open(path, constants.O_RDWR | constants.O_CREAT, 0o644), file);
    try {
      await partial.#readBack();
    } catch (error) {
      await partial.close();
      throw error;
    }
    return partial;
  }

  async #readBack(): Promise<void> {
    const { size } = await this.handle.stat();
    if (size > this.file.bytes) await this.restart();
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (let read = 1; read > 0; this.bytes += read) {
      read = (await this.handle.read(buffer, 0, buffer.length, this.bytes)).bytesRead;
      this.#hash.update(buffer.subarray(0, read));
    }
  }

  async restart(): Promise<void> {
    await this.handle.truncate(0);
    this.#hash = newHash(this.file);
    this.bytes = 0;
  }

  async append(chunk: Uint8Array): Promise<void> {
    if (this.bytes + chunk.length > this.file.bytes) throw new TransientError('it sent more bytes than the file has');
    for (let at = 0; at < chunk.length;) {
      at += (await this.handle.write(chunk, at, chunk.length - at, this.bytes + at)).bytesWritten;
    }
    this.#hash.update(chunk);
    this.bytes += chunk.length;
  }

  isComplete(): boolean {
    return this.bytes === this.file.bytes;
  }

  isRight(): boolean {
    return this.#hash.copy().digest('hex') === this.file.etag;
  }

  async close(sync = false): Promise<void> {
    try {
      if (sync) await this.handle.sync();
    } finally {
      await this.handle.close();
    }
  }
}

/** Where the body starts in the file: 0 where the server ignored the range. */
function startOf(response: Response): number {
  if (response.status !== 206) return 0;
  return Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? NaN);
}

/** One request from where the partial file ends, to the end of the file or of the connection. */
async function fetchRest(
  source: FileSource,
  file: RepoFile,
  partial: PartialFile,
  onProgress: () => void,
): Promise<void> {
  const { settings, repo, commit } = source;
  const path = `/${repo}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`;
  const headers: Record<string, string> = partial.bytes > 0 ? { range: `bytes=${partial.bytes}-` } : {};
  const response = await hubGet(settings, { path, repo, revision: commit, headers });
  const start = startOf(response);
  if (start !== partial.bytes) await partial.restart();
  if (start !== partial.bytes || !response.body) {
    await response.body?.cancel();
    throw new TransientError('it sent another range than was asked for');
  }
  const chunks = response.body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  for (;;) {
    let next: IteratorResult<Uint8Array>;
    try {
      next = await chunks.next();
    } catch (error) {
      throw new TransientError(`the connection broke: ${reasonOf(error)}`, undefined, error);
    }
    if (next.done) break;
    await partial.append(next.value);
    onProgress();
  }
  if (!partial.isComplete()) throw new TransientError('the connection ended early');
}

function wrongBytes(source: FileSource, file: RepoFile): RerankError {
  const kind = file.check === 'sha256' ? 'sha256' : 'git id';
  return new RerankError(
    'DOWNLOAD_FAILED',
    `${source.settings.endpoint} sent ${file.path} of ${source.repo} with another ${kind} than it states, twice; try another HF_ENDPOINT or later`,
    { path: file.path },
  );
}

/** Brings the partial file to its full length and right digest; one fresh start where a resumed file turns out wrong. */
async function complete(
  source: FileSource,
  file: RepoFile,
  partial: PartialFile,
  policy: DownloadPolicy,
  onBytes: OnBytes,
): Promise<void> {
  const retry = new Retry(`${file.path} of ${source.repo}`, policy);
  let furthest = partial.bytes;
  const progressed = () => {
    // Not on the same bytes again: a server without ranges that always breaks must not be asked for ever.
    if (partial.bytes > furthest) retry.progressed();
    furthest = Math.max(furthest, partial.bytes);
    onBytes(partial.bytes);
  };
  for (let wrong = 0; ;) {
    onBytes(partial.bytes);
    while (!partial.isComplete()) {
      try {
        await fetchRest(source, file, partial, progressed);
      } catch (error) {
        await retry.after(error);
      }
    }
    if (partial.isRight()) return;
    await partial.restart();
    furthest = 0;
    if ((wrong += 1) === 2) throw wrongBytes(source, file);
  }
}

/**
 * Puts one file into the blobs of the cache, unless it is there: resumed where an earlier process was cut, checked, and
 * shown under its final name in one rename. Any number of processes may ask for the same file; one fetches it.
 */
export async function downloadFile(
  source: FileSource,
  file: RepoFile,
  cache: RepoCache,
  policy: DownloadPolicy,
  onBytes: OnBytes,
): Promise<void> {
  const target = blobPath(cache, file.etag);
  const temporary = partialPath(cache, file.etag);
  const isDone = async () => (await fileSize(target)) === file.bytes;
  await mkdir(dirname(target), { recursive: true });
  const lock = { locks: cache.locks, name: file.etag, staleMs: policy.lockStaleMs };
  await whileLocked(lock, isDone, async (isHeld) => {
    const partial = await PartialFile.open(temporary, file);
    let right = false;
    try {
      await complete(source, file, partial, policy, (bytes) => {
        if (!isHeld()) throw new Error('the lock was taken over');
        onBytes(bytes);
      });
      right = true;
    } finally {
      await partial.close(right);
      if (!right && partial.bytes === 0) await rm(temporary, { force: true });
    }
    // Otherwise another process took the lock over while this one was held up: it shows the file.
    if (isHeld()) await rename(temporary, target);
  });
  onBytes(file.bytes);
}
