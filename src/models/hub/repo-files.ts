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

function parse(body: unknown, repo: string, endpoint: string): RepoFiles {
  const { sha, siblings } = (body ?? {}) as { sha?: unknown; siblings?: unknown };
  if (typeof sha === 'string' && isCommit(sha) && Array.isArray(siblings)) {
    const files = (siblings as Sibling[]).map(toFile).filter((file) => file !== undefined);
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
    let body: unknown;
    let text: string;
    try {
      text = await response.text();
    } catch (error) {
      throw new TransientError(`the connection broke: ${reasonOf(error)}`, undefined, error);
    }
    try {
      body = JSON.parse(text);
    } catch {
      body = undefined;
    }
    return parse(body, repo, settings.endpoint);
  });
}
