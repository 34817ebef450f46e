import type { Response } from 'undici';
import { RerankError } from '../../errors';
import { hubGet, reasonOf } from './http';
import { checkedPath, isCommit, type RepoName } from './repo-name';
import { DEFAULT_POLICY, TransientError, withRetry, type DownloadPolicy } from './retry';
import type { HubSettings } from './settings';

/** One file of a repository, and how its bytes are checked. */
export interface RepoFile {
  path: string;
  bytes: number;
  /** What the hub calls it and the cache names it by: the sha256 (LFS), else the git blob id (sha1). */
  etag: string;
  check: 'sha256' | 'git';
}

export interface RepoFiles {
  /** The commit that the revision stands for. */
  commit: string;
  files: RepoFile[];
}

interface Sibling {
  rfilename?: unknown;
  size?: unknown;
  blobId?: unknown;
  lfs?: { sha256?: unknown; size?: unknown } | null;
}

/** Far beyond any model's list of files. */
const MAX_LISTING_BYTES = 16 * 1024 * 1024;
const MAX_ENTRIES = 100_000;

const SHA256 = /^[0-9a-f]{64}$/;
const SHA1 = /^[0-9a-f]{40}$/;

/** Undefined for an entry that lacks what a checked download needs. */
function toFile({ rfilename, size, blobId, lfs }: Sibling): RepoFile | undefined {
  if (typeof rfilename !== 'string') return undefined;
  const path = checkedPath(rfilename);
  if (lfs) {
    if (typeof lfs.sha256 !== 'string' || !SHA256.test(lfs.sha256) || !isSize(lfs.size)) return undefined;
    return { path, bytes: lfs.size, etag: lfs.sha256, check: 'sha256' };
  }
  if (typeof blobId !== 'string' || !SHA1.test(blobId) || !isSize(size)) return undefined;
  return { path, bytes: size, etag: blobId, check: 'git' };
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function tooLong(repo: string, endpoint: string): RerankError {
  const limits = `${MAX_ENTRIES} files or ${MAX_LISTING_BYTES >> 20} MiB`;
  const message = `${endpoint} lists more than ${limits} for ${repo}; do not use this model, or check HF_ENDPOINT`;
  return new RerankError('DOWNLOAD_FAILED', message, { path: repo });
}

/** The body as text, as far as it is no longer than a list of files can be. */
async function readListing(response: Response, repo: string, endpoint: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk as Uint8Array);
      bytes += (chunk as Uint8Array).length;
      // Leaving the loop ends the connection.
      if (bytes > MAX_LISTING_BYTES) throw tooLong(repo, endpoint);
    }
  } catch (error) {
    if (error instanceof RerankError) throw error;
    throw new TransientError(`the connection broke: ${reasonOf(error)}`, undefined, error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(body: unknown, repo: string, endpoint: string): RepoFiles {
  const { sha, siblings } = (body ?? {}) as { sha?: unknown; siblings?: unknown };
  if (Array.isArray(siblings) && siblings.length > MAX_ENTRIES) throw tooLong(repo, endpoint);
  if (typeof sha === 'string' && isCommit(sha) && Array.isArray(siblings)) {
    const files = (siblings as (Sibling | null)[])
      .map((sibling) => toFile(sibling ?? {}))
      .filter((file) => file !== undefined);
    return { commit: sha, files };
  }
  throw new RerankError('DOWNLOAD_FAILED', `${endpoint} does not answer as the hub does; check HF_ENDPOINT`, {
    path: repo,
  });
}

/** The commit and the files of a model at a revision, with sizes and digests: one request. */
export async function listRepo(
  settings: HubSettings,
  { repo, revision }: RepoName,
  policy: DownloadPolicy = DEFAULT_POLICY,
): Promise<RepoFiles> {
  const path = `/api/models/${repo}/revision/${encodeURIComponent(revision)}?blobs=true`;
  return await withRetry(`${repo} (its list of files)`, policy, async () => {
    const response = await hubGet(settings, { path, repo, revision, headers: { accept: 'application/json' } });
    const text = await readListing(response, repo, settings.endpoint);
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      body = undefined;
    }
    return parse(body, repo, settings.endpoint);
  });
}
