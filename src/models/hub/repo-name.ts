import { RerankError } from '../../errors';

/** A model on the hub, at one revision. */
export interface RepoName {
  /** `owner/name`. */
  repo: string;
  /** Branch, tag or commit; `main` where none was named. */
  revision: string;
}

const REPO = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;
const REVISION = /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)*$/;
const COMMIT = /^[0-9a-f]{40}$/;

/** Whether a text can be `owner/name` on the hub. */
export const isRepo = (text: string): boolean => REPO.test(text) && !text.includes('..') && !text.includes('--');

export function isCommit(revision: string): boolean {
  return COMMIT.test(revision);
}

/** `owner/name` or `owner/name@revision`; undefined for what cannot be a model on the hub. */
export function parseRepoName(text: string): RepoName | undefined {
  const at = text.indexOf('@', 1);
  const repo = at < 0 ? text : text.slice(0, at);
  const revision = at < 0 ? 'main' : text.slice(at + 1);
  const sound = isRepo(repo) && REVISION.test(revision) && !revision.includes('..');
  return sound ? { repo, revision } : undefined;
}

/** A path that a repository names, refused where it would leave the folder it is joined to. */
export function checkedPath(path: string): string {
  const parts = path.split('/');
  if (parts.every((part) => part !== '' && part !== '.' && part !== '..') && !/[\\:\0]/.test(path)) return path;
  throw new RerankError('DOWNLOAD_FAILED', `The hub names a file outside its model: '${path}'; do not use this model`, {
    path,
  });
}
