import { copyFile, link, mkdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join, relative } from 'node:path';
import { isCommit, type RepoName } from './repo-name';

// The hub's standard cache, shared with Python's huggingface_hub:
//   models--<owner>--<name>/blobs/<etag>              the bytes, named by sha256 (LFS) or git blob id
//   models--<owner>--<name>/snapshots/<commit>/<path> links to them
//   models--<owner>--<name>/refs/<revision>           the commit that a branch or tag stood for

export interface RepoCache {
  root: string;
  blobs: string;
  /** For lock folders; beside the repositories, as Python has it. */
  locks: string;
}

export function repoCache(cacheFolder: string, repo: string): RepoCache {
  const name = ['models', ...repo.split('/')].join('--');
  const root = join(cacheFolder, name);
  return { root, blobs: join(root, 'blobs'), locks: join(cacheFolder, '.locks', name) };
}

export const blobPath = ({ blobs }: RepoCache, etag: string): string => join(blobs, etag);

/** Where a blob grows. Not Python's name for it: Python does not know the lock that it is written under. */
export const partialPath = (cache: RepoCache, etag: string): string =>
  `${blobPath(cache, etag)}.bge-reranker.incomplete`;

/** Bytes of a file; undefined if there is none. */
export async function fileSize(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch {
    return undefined;
  }
}

export function snapshotFolder(cache: RepoCache, commit: string): string {
  return join(cache.root, 'snapshots', commit);
}

/** The folder of a revision that was fetched before (whole or in part); undefined where none was. */
export async function cachedSnapshot(
  cacheFolder: string,
  { repo, revision }: RepoName,
): Promise<{ folder: string; commit: string } | undefined> {
  const cache = repoCache(cacheFolder, repo);
  if (isCommit(revision)) return { folder: snapshotFolder(cache, revision), commit: revision };
  try {
    const commit = (await readFile(join(cache.root, 'refs', revision), 'utf8')).trim();
    return isCommit(commit) ? { folder: snapshotFolder(cache, commit), commit } : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces `path` in one step: readers see the old file or the new one, never a part. */
async function replace(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    await make(temporary);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

export async function writeRef(cache: RepoCache, revision: string, commit: string): Promise<void> {
  if (isCommit(revision)) return;
  await replace(join(cache.root, 'refs', revision), (temporary) => writeFile(temporary, commit));
}

/** A relative symbolic link, so that the cache can be moved; where the system allows none (Windows), a hard link or copy. */
async function linkOrCopy(blob: string, path: string): Promise<void> {
  try {
    await symlink(relative(dirname(path), blob), path, 'file');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    await link(blob, path).catch(() => copyFile(blob, path));
  }
}

/** Shows a finished blob under its own name in the snapshot. */
export async function linkIntoSnapshot(cache: RepoCache, commit: string, path: string, etag: string): Promise<void> {
  const blob = blobPath(cache, etag);
  const target = join(snapshotFolder(cache, commit), path);
  const present = await readlink(target).catch(() => undefined);
  if (present === relative(dirname(target), blob)) return;
  await replace(target, (temporary) => linkOrCopy(blob, temporary));
}
