import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { RerankError } from '../../errors';
import type { Dtype, ExecutionProvider } from '../../types';
import { readModelConfig } from '../config';
import { mayRunPacked, runsOnOurKernels } from '../packed-weights';
import { isFloatType } from '../../formats/safetensors-graph';
import { linkIntoSnapshot, repoCache, snapshotFolder, writeRef, type RepoCache } from './cache';
import { chooseFiles, requiredFile, type Wanted } from './choose-files';
import { downloadFile, type FileSource } from './download-file';
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
  /** As for `Reranker.load`; default `['cpu']`. */
  executionProviders?: readonly ExecutionProvider[];
  onProgress?: (progress: PullProgress) => void;
  settings?: HubSettings;
  policy?: DownloadPolicy;
}

export interface PulledModel {
  /** The repository that had it. */
  repo: string;
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

async function missingOf(cache: RepoCache, files: readonly RepoFile[]): Promise<RepoFile[]> {
  const sizes = await Promise.all(files.map(({ etag }) => fileSize(join(cache.blobs, etag))));
  return files.filter(({ bytes }, i) => sizes[i] !== bytes);
}

/** What config.json, fetched first, says of the files that will do. */
async function wantedOf(
  cache: RepoCache,
  source: FileSource,
  files: readonly RepoFile[],
  { dtype, executionProviders = ['cpu'], policy = DEFAULT_POLICY }: PullOptions,
): Promise<Wanted> {
  const file = requiredFile(files, 'config.json', source.repo);
  await downloadFile(source, file, cache, policy, () => undefined);
  await linkIntoSnapshot(cache, source.commit, file.path, file.etag);
  const config = await readModelConfig(snapshotFolder(cache, source.commit), false);
  const onOurKernels =
    mayRunPacked(executionProviders) && runsOnOurKernels(config?.architecture ?? '') && !config?.hasOwnCode;
  const onCuda = executionProviders.includes('cuda');
  return { dtype, onCuda, onOurKernels, safetensorsServe: isFloatType(config?.weightsDtype ?? 'float32') };
}

async function fill(
  cache: RepoCache,
  source: FileSource,
  files: readonly RepoFile[],
  { policy = DEFAULT_POLICY, onProgress }: PullOptions,
): Promise<void> {
  await checkSpace(cache, await missingOf(cache, files));
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
  const source = { settings, repo: name.repo, commit };
  try {
    await mkdir(cache.blobs, { recursive: true });
    const wanted = await wantedOf(cache, source, all, options);
    const missing = new Set(await missingOf(cache, all));
    const files = chooseFiles(all, wanted, name.repo, (file) => !missing.has(file));
    await fill(cache, source, files, options);
    await writeRef(cache, name.revision, commit);
    return { repo: name.repo, folder: snapshotFolder(cache, commit), commit, files };
  } catch (error) {
    throw cacheError(error, cache.root);
  }
}

/** What says that a repository has not what is wanted, where another one may. */
const NOT_THERE: ReadonlySet<string> = new Set(['MODEL_NOT_FOUND', 'MODEL_UNSUPPORTED']);

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
      if (!(error instanceof RerankError) || !NOT_THERE.has(error.code)) throw error;
    }
  }
  throw first;
}
