import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { RerankError } from '../errors';
import type { Dtype, ExecutionProvider } from '../types';
import { linkIntoSnapshot, repoCache, snapshotFolder, writeRef, type RepoCache } from './hub/cache';
import { chooseFiles, type ChosenFiles } from './choose-files';
import { downloadFile, type FileSource } from './hub/download-file';
import { fileSize } from './hub/lock';
import { listRepo, type RepoFile } from './hub/repo-files';
import type { RepoName } from './hub/repo-name';
import { DEFAULT_POLICY, type DownloadPolicy } from './hub/retry';
import { hubSettings, type HubSettings } from './hub/settings';

export interface PullProgress {
  /** The file that grows now, and the files of the model together. */
  path: string;
  bytes: number;
  totalBytes: number;
}

export interface PullOptions {
  dtype: Dtype;
  /** Default `cpu`. */
  provider?: ExecutionProvider;
  /** Only says what would be fetched; of the files, config.json is fetched for that. */
  dryRun?: boolean;
  onProgress?: (progress: PullProgress) => void;
  settings?: HubSettings;
  policy?: DownloadPolicy;
}

/** A model's files in one repository, at one commit. */
export interface PulledModel extends ChosenFiles {
  /** The repository that has them. */
  repo: string;
  commit: string;
  /** The snapshot's folder: complete, but for the missing files after a dry run. */
  folder: string;
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

async function fill(
  cache: RepoCache,
  source: FileSource,
  { files, missing }: ChosenFiles,
  { policy = DEFAULT_POLICY, onProgress }: PullOptions,
): Promise<void> {
  await checkSpace(cache, missing);
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let before = 0;
  for (const file of files) {
    await downloadFile(source, file, cache, policy, (bytes) =>
      onProgress?.({ path: file.path, bytes: before + bytes, totalBytes }),
    );
    await linkIntoSnapshot(cache, source.commit, file.path, file.etag);
    before += file.bytes;
  }
}

/**
 * Brings a model's files into the hub's cache at the commit that its revision stands for now. Asks the network even
 * when all is there, as a branch may have moved.
 * @throws {RerankError} OFFLINE, MODEL_NOT_FOUND, MODEL_GATED, MODEL_UNSUPPORTED, DOWNLOAD_FAILED.
 */
export async function pull({ repo, revision }: RepoName, options: PullOptions): Promise<PulledModel> {
  const { dtype, provider = 'cpu', settings = hubSettings(), policy = DEFAULT_POLICY, dryRun = false } = options;
  if (settings.offline) {
    const message = `${repo} is not in the cache and HF_HUB_OFFLINE is set; unset it to download`;
    throw new RerankError('OFFLINE', message, { path: repo });
  }
  const cache = repoCache(settings.cacheFolder, repo);
  const { commit, files } = await listRepo(settings, { repo, revision }, policy);
  const source = { settings, repo, commit };
  try {
    const chosen = await chooseFiles(cache, source, files, { dtype, provider }, policy);
    if (!dryRun) {
      await fill(cache, source, chosen, options);
      await writeRef(cache, revision, commit);
    }
    return { repo, commit, folder: snapshotFolder(cache, commit), ...chosen };
  } catch (error) {
    throw cacheError(error, cache.root);
  }
}

/** Said of a repository that lacks what is wanted: another one may have it. */
const LACKING: ReadonlySet<string> = new Set(['MODEL_NOT_FOUND', 'MODEL_UNSUPPORTED']);

/**
 * `pull` from the first of these repositories that has what is wanted.
 * @throws {RerankError} As `pull`; where none has it, what was said of the first.
 */
export async function pullFirst(sources: readonly RepoName[], options: PullOptions): Promise<PulledModel> {
  let first: unknown;
  for (const source of sources) {
    try {
      return await pull(source, options);
    } catch (error) {
      first ??= error;
      if (!(error instanceof RerankError) || !LACKING.has(error.code)) throw error;
    }
  }
  throw first;
}
