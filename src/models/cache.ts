import { join } from 'node:path';
import { homeFolder } from '../base/home-folder';
import { RerankError } from '../errors';
import { isRepo } from './hub/repo-name';

/**
 * BGE_RERANKER_CACHE, else ~/.cache/bge-reranker; models lie in models/<owner>/<name> below it. Undefined for a user
 * without a home.
 */
function cacheRoot(): string | undefined {
  const home = homeFolder();
  return process.env['BGE_RERANKER_CACHE'] || (home && join(home, '.cache', 'bge-reranker'));
}

/** Where a model of the hub lies once it was fetched; undefined for what cannot be a hub name. */
export function cacheFolder(hubName: string): string | undefined {
  const root = cacheRoot();
  return root !== undefined && isRepo(hubName) ? join(root, 'models', ...hubName.split('/')) : undefined;
}

function folderForWeights(name: string): string {
  const root = cacheRoot();
  if (root !== undefined) return join(root, name);
  const message = "'weightCache' needs a folder, and this user has no home: set BGE_RERANKER_CACHE or HOME";
  throw new RerankError('INVALID_OPTION', message, { path: 'weightCache' });
}

/** Where digests of files that were loaded with the weight cache are kept. */
export const digestFolder = (): string => folderForWeights('digests');

/** Where weights converted for our own kernels are kept. */
export const weightCacheFolder = (): string => folderForWeights('weights');
