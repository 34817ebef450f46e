import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { homeFolder } from '../../base/home-folder';
import { RerankError } from '../../errors';

/** Where the hub is, who asks, and where its files are kept: read from the variables that Python's huggingface_hub reads. */
export interface HubSettings {
  /** HF_ENDPOINT, else the public hub; no slash at the end. */
  endpoint: string;
  /** HF_TOKEN, else the token that `hf auth login` stored. */
  token: string | undefined;
  /** HF_HUB_OFFLINE: nothing is asked of the network. */
  offline: boolean;
  /** Root of the cache that Python's huggingface_hub uses too. */
  cacheFolder: string;
}

const PUBLIC_HUB = 'https://huggingface.co';
const TRUE = /^(1|on|yes|true)$/i;

type Environment = Readonly<Partial<Record<string, string>>>;

/** Undefined for a user without a home, where no variable says another folder. */
function hubHome(env: Environment): string | undefined {
  if (env['HF_HOME']) return env['HF_HOME'];
  const home = homeFolder();
  const caches = env['XDG_CACHE_HOME'] || (home && join(home, '.cache'));
  return caches && join(caches, 'huggingface');
}

function cacheFolder(env: Environment): string {
  const asked = env['HF_HUB_CACHE'] || env['HUGGINGFACE_HUB_CACHE'];
  if (asked) return asked;
  const home = hubHome(env) ?? env['BGE_RERANKER_CACHE'];
  if (home) return join(home, 'hub');
  const message = 'There is no folder for models, as this user has no home: set HF_HOME, BGE_RERANKER_CACHE or HOME';
  throw new RerankError('DOWNLOAD_FAILED', message);
}

function storedToken(env: Environment): string | undefined {
  const home = hubHome(env);
  const path = env['HF_TOKEN_PATH'] || (home && join(home, 'token'));
  try {
    return path ? readFileSync(path, 'utf8').trim() || undefined : undefined;
  } catch {
    return undefined;
  }
}

/** @throws {RerankError} DOWNLOAD_FAILED where no variable and no home names a folder. */
export function hubSettings(env: Environment = process.env): HubSettings {
  return {
    endpoint: (env['HF_ENDPOINT'] || PUBLIC_HUB).replace(/\/+$/, ''),
    token: env['HF_TOKEN']?.trim() || storedToken(env),
    offline: TRUE.test(env['HF_HUB_OFFLINE'] ?? ''),
    cacheFolder: cacheFolder(env),
  };
}
