import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { RerankError } from '../../errors';
import type { Dtype } from '../../types';
import { linkIntoSnapshot, repoCache, snapshotFolder, writeRef, type RepoCache } from './cache';
import { chooseFiles } from './choose-files';
import { downloadFile } from './download-file';
import { fileSize } from './lock';
import { listRepo, type RepoFile } from './repo-files';
import type { RepoName } from './repo-name';
import { DEFAULT_POLICY, type DownloadPolicy } from './retry';
import { hubSettings, type HubSettings } from './settings';

export interface PullProgress {
  /** The file that grows now, and the files of the model together. */
  path: string;
  bytes: number;
  totalBytes: number;
}

export interface PullOptions {
  dtype: Dtype;
  onProgress?: (progress: PullProgress) => void;
  settings?: HubSettings;
  policy?: DownloadPolicy;
}

export interface PulledModel {
  /** The snapshot's folder, complete. */
  folder: string;
  commit: string;
  files: RepoFile[];
}

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
async function checkSpace(cache: RepoCache, missing: RepoFile[]): Promise<void> {
  const partial = await Promise.all(
    missing.map(({ etag }) => fileSize(join(cache.blobs, `${etag}.bge-reranker.incomplete`))),
  );
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

async function missingOf(cache: RepoCache, files: RepoFile[]): Promise<RepoFile[]> {
  const sizes = await Promise.all(files.map(({ etag }) => fileSize(join(cache.blobs, etag))));
  return files.filter(({ bytes }, i) => sizes[i] !== bytes);
}

async function fill(
  cache: RepoCache,
  name: RepoName,
  { commit, files }: { commit: string; files: RepoFile[] },
  settings: HubSettings,
  { policy = DEFAULT_POLICY, onProgress }: PullOptions,
): Promise<void> {
  await mkdir(cache.blobs, { recursive: true });
  await checkSpace(cache, await missingOf(cache, files));
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let before = 0;
  for (const file of files) {
    await downloadFile({ settings, repo: name.repo, commit }, file, cache, policy, (bytes) =>
      onProgress?.({ path: file.path, bytes: before + bytes, totalBytes }),
    );
    await linkIntoSnapshot(cache, commit, file.path, file.etag);
    before += file.bytes;
  }
  await writeRef(cache, name.revision, commit);
}

/**
 * Brings a model's files into the hub's cache at the commit that its revision stands for now. Asks the network even
 * when all is there, as a branch may have moved.
 * @throws {RerankError} OFFLINE, MODEL_NOT_FOUND, MODEL_GATED, MODEL_UNSUPPORTED, DOWNLOAD_FAILED.
 */
export async function pull(name: RepoName, options: PullOptions): Promise<PulledModel> {
  const settings = options.settings ?? hubSettings();
  if (settings.offline) {
    throw new RerankError(
      'OFFLINE',
      `${name.repo} is not in the cache and HF_HUB_OFFLINE is set; unset it to download`,
      {
        path: name.repo,
      },
    );
  }
  const cache = repoCache(settings.cacheFolder, name.repo);
  const { commit, files: all } = await listRepo(settings, name, options.policy);
  const files = chooseFiles(all, options.dtype, name.repo);
  try {
    await fill(cache, name, { commit, files }, settings, options);
  } catch (error) {
    throw cacheError(error, cache.root);
  }
  return { folder: snapshotFolder(cache, commit), commit, files };
}
