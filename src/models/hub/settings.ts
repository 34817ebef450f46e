import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

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

function hubHome(env: Environment): string {
  return env['HF_HOME'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'huggingface');
}

function storedToken(env: Environment): string | undefined {
  try {
    return readFileSync(env['HF_TOKEN_PATH'] || join(hubHome(env), 'token'), 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

export function hubSettings(env: Environment = process.env): HubSettings {
  return {
    endpoint: (env['HF_ENDPOINT'] || PUBLIC_HUB).replace(/\/+$/, ''),
    token: env['HF_TOKEN']?.trim() || storedToken(env),
    offline: TRUE.test(env['HF_HUB_OFFLINE'] ?? ''),
    cacheFolder: env['HF_HUB_CACHE'] || env['HUGGINGFACE_HUB_CACHE'] || join(hubHome(env), 'hub'),
  };
}
