import { homedir } from 'node:os';
import { join } from 'node:path';

const HUB_NAME = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;

/** BGE_RERANKER_CACHE, else ~/.cache/bge-reranker; models lie in models/<owner>/<name> below it. */
function cacheRoot(): string {
  return process.env['BGE_RERANKER_CACHE'] || join(homedir(), '.cache', 'bge-reranker');
}

/** Where a model of the hub lies once it was fetched; undefined for what cannot be a hub name. */
export function cacheFolder(hubName: string): string | undefined {
  return HUB_NAME.test(hubName) ? join(cacheRoot(), 'models', ...hubName.split('/')) : undefined;
}

/** Where digests of files that were loaded with the weight cache are kept. */
export const digestFolder = (): string => join(cacheRoot(), 'digests');

/** Where weights converted for our own kernels are kept. */
export const weightCacheFolder = (): string => join(cacheRoot(), 'weights');
