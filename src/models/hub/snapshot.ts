import { mkdir, statfs } from 'node:fs/promises';
import { RerankError } from '../../errors';
import {
  blobPath,
  fileSize,
  linkIntoSnapshot,
  partialPath,
  repoCache,
  snapshotFolder,
  writeRef,
  type RepoCache,
} from './cache';
import { downloadFile, type FileSource, type OnBytes } from './download-file';
import { listRepo, type RepoFile } from './repo-files';
import type { RepoName } from './repo-name';
import { DEFAULT_POLICY, type DownloadPolicy } from './retry';
import type { HubSettings } from './settings';

const ADVICE: Partial<Record<string, string>> = {
  ENOSPC: 'the disk is full: free space or set HF_HUB_CACHE to another disk; what came so far is kept',
  EDQUOT: 'the disk quota is used up: free space or set HF_HUB_CACHE to another disk; what came so far is kept',
  EACCES: 'this user may not write there: change its owner or set HF_HUB_CACHE to a folder of yours',
  EPERM: 'this user may not write there: change its owner or set HF_HUB_CACHE to a folder of yours',
  EROFS: 'it is on a read-only file system: set HF_HUB_CACHE to a folder that can be written',
  ENOTDIR: 'a file is in the way: remove it or set HF_HUB_CACHE to another folder',
};

/** What the file system refused, as an error that says what to do. */
function cacheError(error: unknown, folder: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof RerankError || code === undefined) return error;
  const advice = ADVICE[code] ?? `${message}: check the folder or set HF_HUB_CACHE to another one`;
  return new RerankError('DOWNLOAD_FAILED', `The cache ${folder} cannot be written: ${advice}`, {
    path: folder,
    cause: error,
  });
}

/** Refuses before the first byte what cannot fit; a file system that does not say how full it is passes. */
async function checkSpace(cache: RepoCache, missing: readonly RepoFile[]): Promise<void> {
  const partial = await Promise.all(missing.map(({ etag }) => fileSize(partialPath(cache, etag))));
  const needed = missing.reduce((sum, { bytes }, i) => sum + bytes - (partial[i] ?? 0), 0);
  const { blocks, bavail, bsize } = await statfs(cache.blobs).catch(() => ({ blocks: 0, bavail: 0, bsize: 0 }));
  const free = bavail * bsize;
  if (needed <= free || blocks === 0) return;
  const mb = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  throw new RerankError(
    'DOWNLOAD_FAILED',
    `${mb(needed)} are needed in ${cache.root} and ${mb(free)} are free; free space or set HF_HUB_CACHE to another disk`,
    { path: cache.root },
  );
}

/** A model's repository at one commit, and the folder of the cache that shows what was fetched of it. */
export class Snapshot {
  readonly repo: string;
  readonly commit: string;
  /** All that the repository has at this commit. */
  readonly files: readonly RepoFile[];
  readonly folder: string;
  readonly #cache: RepoCache;
  readonly #source: FileSource;
  readonly #policy: DownloadPolicy;

  private constructor(cache: RepoCache, source: FileSource, files: readonly RepoFile[], policy: DownloadPolicy) {
    this.repo = source.repo;
    this.commit = source.commit;
    this.files = files;
    this.folder = snapshotFolder(cache, source.commit);
    this.#cache = cache;
    this.#source = source;
    this.#policy = policy;
  }

  /**
   * Asks the hub which commit the revision stands for now, and for its files.
   * @throws {RerankError} OFFLINE, MODEL_NOT_FOUND, MODEL_GATED, DOWNLOAD_FAILED.
   */
  static async open(name: RepoName, settings: HubSettings, policy: DownloadPolicy = DEFAULT_POLICY): Promise<Snapshot> {
    const { repo } = name;
    if (settings.offline) {
      const message = `${repo} is not in the cache and HF_HUB_OFFLINE is set; unset it to download`;
      throw new RerankError('OFFLINE', message, { path: repo });
    }
    const cache = repoCache(settings.cacheFolder, repo);
    const { commit, files } = await listRepo(settings, name, policy);
    const snapshot = new Snapshot(cache, { settings, repo, commit }, files, policy);
    await snapshot.#writing(() => mkdir(cache.blobs, { recursive: true }));
    return snapshot;
  }

  /** Those of `files` that are not in the cache. */
  async missing(files: readonly RepoFile[]): Promise<RepoFile[]> {
    const sizes = await Promise.all(files.map(({ etag }) => fileSize(blobPath(this.#cache, etag))));
    return files.filter(({ bytes }, i) => sizes[i] !== bytes);
  }

  /** @throws {RerankError} DOWNLOAD_FAILED where there is no room for the files, before the first byte. */
  async checkSpace(files: readonly RepoFile[]): Promise<void> {
    await checkSpace(this.#cache, files);
  }

  /**
   * Brings one file into the cache, unless it is there, and shows it under its name.
   * @throws {RerankError} DOWNLOAD_FAILED.
   */
  async fetch(file: RepoFile, onBytes: OnBytes = () => undefined): Promise<void> {
    await this.#writing(async () => {
      await downloadFile(this.#source, file, this.#cache, this.#policy, onBytes);
      await linkIntoSnapshot(this.#cache, this.commit, file.path, file.etag);
    });
  }

  /** Notes that the revision stands for this commit, so that it is found offline. */
  async keepRevision(revision: string): Promise<void> {
    await this.#writing(() => writeRef(this.#cache, revision, this.commit));
  }

  async #writing(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw cacheError(error, this.#cache.root);
    }
  }
}
