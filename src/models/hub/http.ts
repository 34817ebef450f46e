import { EnvHttpProxyAgent, fetch, type Response } from 'undici';
import { RerankError } from '../../errors';
import { retryAfterMs, TransientError } from './retry';
import type { HubSettings } from './settings';

const CONNECT_MS = 15_000;
/** Silence on a connection for this long counts as a cut. */
const SILENCE_MS = 30_000;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 10;

let agent: EnvHttpProxyAgent | undefined;

/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY hold for every host that a redirect leads to. */
function dispatcher(): EnvHttpProxyAgent {
  agent ??= new EnvHttpProxyAgent({
    connect: { timeout: CONNECT_MS },
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
  });
  return agent;
}

/** The innermost cause says what happened: undici wraps it as "fetch failed". */
export function reasonOf(error: unknown): string {
  let inner = error as NodeJS.ErrnoException & { cause?: unknown };
  while (typeof inner.cause === 'object' && inner.cause !== null) inner = inner.cause as NodeJS.ErrnoException;
  const { code, message } = inner;
  return code && !message.includes(code) ? `${message} (${code})` : message;
}

/** 401, 403 and 404 by the hub's own X-Error-Code; the status alone says too little. */
function refusal(response: Response, repo: string, revision: string, settings: HubSettings): RerankError {
  const { status } = response;
  const code = response.headers.get('x-error-code');
  const hint = settings.token ? 'the token that was sent may not see it' : 'if it is private, set HF_TOKEN';
  if (code === 'GatedRepo' || status === 403) {
    const remedy = settings.token ? 'ask for access on its page' : 'ask for access on its page, then set HF_TOKEN';
    return new RerankError('MODEL_GATED', `${repo} is gated: ${remedy} (${settings.endpoint}/${repo})`, { path: repo });
  }
  if (code === 'RevisionNotFound') {
    return new RerankError(
      'MODEL_NOT_FOUND',
      `${repo} has no revision '${revision}'; name a branch, tag or commit of it`,
      {
        path: repo,
      },
    );
  }
  if (status === 401 || status === 404) {
    return new RerankError('MODEL_NOT_FOUND', `${settings.endpoint} has no model ${repo}; check its name; ${hint}`, {
      path: repo,
    });
  }
  return new RerankError('DOWNLOAD_FAILED', `${settings.endpoint} answered ${status} for ${repo}; check HF_ENDPOINT`, {
    path: repo,
  });
}

export interface HubRequest {
  /** Below the endpoint, with a slash at the start. */
  path: string;
  repo: string;
  revision: string;
  headers?: Record<string, string>;
}

/**
 * Where a redirect leads.
 * @throws {RerankError} DOWNLOAD_FAILED where it leaves https, on which anyone on the way could change what comes.
 */
export function redirectTarget(from: URL, location: string): URL {
  const target = new URL(location, from);
  const isOpen = target.protocol === 'https:' || (target.protocol === 'http:' && from.protocol === 'http:');
  if (isOpen) return target;
  const message = `${from.origin} redirects from https to ${target.protocol}//${target.host}; use another HF_ENDPOINT`;
  throw new RerankError('DOWNLOAD_FAILED', message, { path: from.origin });
}

/** Sends the token to the first URL's own origin only. */
async function follow(first: URL, token: string | undefined, headers: Record<string, string>): Promise<Response> {
  let url = first;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const own = url.origin === first.origin && token ? { authorization: `Bearer ${token}` } : undefined;
    const response = await fetch(url, {
      headers: { ...headers, ...own },
      redirect: 'manual',
      dispatcher: dispatcher(),
    });
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
    if (location === null) return response;
    await response.body?.cancel();
    url = redirectTarget(url, location);
  }
  const message = `${first.origin} redirects more than ${MAX_REDIRECTS} times; use another HF_ENDPOINT`;
  throw new RerankError('DOWNLOAD_FAILED', message, { path: first.origin });
}

/** A few compressed bytes can expand to gigabytes; we ask for none. */
async function refuseCompressed(response: Response, endpoint: string): Promise<void> {
  const encoding = response.headers.get('content-encoding');
  if (encoding === null || encoding === 'identity') return;
  await response.body?.cancel();
  const message = `${endpoint} sent a body compressed as ${encoding}, which was not asked for; use another HF_ENDPOINT`;
  throw new RerankError('DOWNLOAD_FAILED', message, { path: endpoint });
}

/**
 * One GET, redirects followed. Throws TransientError for what may pass, RerankError MODEL_GATED, MODEL_NOT_FOUND or
 * DOWNLOAD_FAILED for what will not.
 */
export async function hubGet(settings: HubSettings, request: HubRequest): Promise<Response> {
  const headers: Record<string, string> = {
    'user-agent': 'bge-reranker',
    // A compressed body has no byte ranges of the file.
    'accept-encoding': 'identity',
    ...request.headers,
  };
  let response: Response;
  try {
    response = await follow(new URL(settings.endpoint + request.path), settings.token, headers);
  } catch (error) {
    if (error instanceof RerankError) throw error;
    throw new TransientError(`${settings.endpoint} cannot be reached: ${reasonOf(error)}`, undefined, error);
  }
  if (response.ok) {
    await refuseCompressed(response, settings.endpoint);
    return response;
  }
  await response.body?.cancel();
  if (response.status === 429 || response.status === 408 || response.status >= 500) {
    const wait = retryAfterMs(response.headers.get('retry-after'));
    throw new TransientError(`${settings.endpoint} answered ${response.status}`, wait);
  }
  throw refusal(response, request.repo, request.revision, settings);
}
